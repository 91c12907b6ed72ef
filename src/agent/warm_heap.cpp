#include "agent/warm_heap.hpp"

#include <cerrno>
#include <cstring>
#include <fmt/core.h>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>

#include "base/result.hpp"

// clang-format off
asm(".pushsection .rodata\n"
    "leoflow_warmheap_begin: .incbin \"" LEOFLOW_WARMHEAP "\"\n"
    "leoflow_warmheap_end: .byte 0\n"
    ".popsection\n");
// clang-format on
extern "C" const char leoflow_warmheap_begin[];
extern "C" const char leoflow_warmheap_end[];

namespace leoflow::agent {

Fd warm_heap_library() {
  const auto size = static_cast<std::size_t>(leoflow_warmheap_end - leoflow_warmheap_begin);
  Fd file(::memfd_create("leoflow-warmheap.so", 0));
  if (file.get() < 0 || ::write(file.get(), leoflow_warmheap_begin, size) != static_cast<ssize_t>(size)) {
    throw Fatal(fmt::format("cannot make a file in memory: {}", std::strerror(errno)));
  }
  return file;
}

}  // namespace leoflow::agent
