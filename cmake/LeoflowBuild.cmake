# Compiler settings that hold for every target.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE}")
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers)
# Asserts stay on in release builds of tests only; NDEBUG comes from the build type.
if(CMAKE_BUILD_TYPE STREQUAL "Debug")
  # -g1 keeps line numbers for backtraces and halves the size of the objects.
  set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1")
endif()
# -O3 takes a seventh longer to build; what is slow here waits for Python, disks and networks.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

set(LEOFLOW_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize=")
if(LEOFLOW_SANITIZE)
  add_compile_options(-fsanitize=${LEOFLOW_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${LEOFLOW_SANITIZE})
  if(LEOFLOW_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()
