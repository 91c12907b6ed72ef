# lf_module(NAME name DEPS our modules LIBS outside libraries)
#
# One folder, one target. Every *.cpp of the folder joins the library
# leoflow_<name>, every *_test.cpp the test program <name>_test. DEPS is the
# complete list of folders of ours that this one may include:
# scripts/check_layers.py reads it from the CMakeLists.txt and refuses others.

function(lf_module)
  cmake_parse_arguments(ARG "" "NAME" "DEPS;LIBS;SOURCES;TEST_LIBS;TEST_DEPS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  # main() belongs to a program of its own, see src/agent.
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")

  set(target leoflow_${ARG_NAME})
  set(deps ${ARG_DEPS})
  list(TRANSFORM deps PREPEND leoflow_)
  if(sources OR ARG_SOURCES)
    add_library(${target} STATIC ${sources} ${ARG_SOURCES})
    target_include_directories(${target} PUBLIC "${CMAKE_SOURCE_DIR}/src")
    target_link_libraries(${target} PUBLIC ${deps} ${ARG_LIBS})
  else()
    add_library(${target} INTERFACE)
    target_include_directories(${target} INTERFACE "${CMAKE_SOURCE_DIR}/src")
    target_link_libraries(${target} INTERFACE ${deps} ${ARG_LIBS})
  endif()

  if(tests)
    set(test_deps ${ARG_TEST_DEPS})
    list(TRANSFORM test_deps PREPEND leoflow_)
    add_executable(${ARG_NAME}_test ${tests})
    target_link_libraries(${ARG_NAME}_test PRIVATE ${target} ${test_deps} ${ARG_TEST_LIBS} GTest::gmock GTest::gtest_main)
    # In four parts, which run side by side: a process for each test would take longer to start than to run.
    foreach(part RANGE 3)
      add_test(NAME ${ARG_NAME}.${part} COMMAND ${ARG_NAME}_test --gtest_brief=1)
      set_tests_properties(${ARG_NAME}.${part} PROPERTIES TIMEOUT 600
        ENVIRONMENT "GTEST_TOTAL_SHARDS=4;GTEST_SHARD_INDEX=${part}")
    endforeach()
  endif()
endfunction()
