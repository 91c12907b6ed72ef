// A library that is loaded into the warm Python, not into a program of ours.
//
// A fork copies the page tables of anonymous memory and the child's exit takes
// them down again: with 100 MB of imported modules that is half of what a small
// task costs. Private mappings of a file are not copied, a child maps what it
// touches. So the memory that Python and the C library handed out is moved, in
// place, into such a file: freeze() below. Nothing else changes: the addresses
// stay, what is written stays private.
//
// One thread only; no C++ library, no allocation between copying and mapping.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <iterator>
#include <sys/mman.h>
#include <unistd.h>

namespace {

constexpr std::size_t kRegionBytes = std::size_t{4} << 30;  // of addresses, not of memory
constexpr std::size_t kArenaBytes = std::size_t{1} << 20;   // Python's arenas since 3.10

// Python's arenas, one after the other: one mapping instead of dozens.
char* region = nullptr;
std::size_t region_used = 0;
std::size_t region_frozen = 0;
char* spare_arenas[kRegionBytes / kArenaBytes];
std::size_t spare_count = 0;
// The C library's heap (brk) up to where it is frozen.
char* heap_begin = nullptr;
char* heap_frozen = nullptr;

bool is_in_region(const char* place) {
  return region != nullptr && place >= region && place < region + kRegionBytes;
}

void* map_anonymous(void* place, std::size_t size, int flags) {
  void* mapped = ::mmap(place, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
  return mapped == MAP_FAILED ? nullptr : mapped;
}

void* allocate_arena(void*, std::size_t size) {
  if (size == kArenaBytes && spare_count > 0) return spare_arenas[--spare_count];
  if (region != nullptr && region_used + size <= kRegionBytes) {
    char* place = region + region_used;
    if (::mprotect(place, size, PROT_READ | PROT_WRITE) == 0) {
      region_used += size;
      return place;
    }
  }
  return map_anonymous(nullptr, size, 0);
}

void free_arena(void*, void* place, std::size_t size) {
  auto* arena = static_cast<char*>(place);
  if (!is_in_region(arena)) {
    ::munmap(place, size);
    return;
  }
  // Gives the memory back and keeps the addresses readable: freeze() copies all of the region.
  if (map_anonymous(place, size, MAP_FIXED) != nullptr && size == kArenaBytes) {
    spare_arenas[spare_count++] = arena;
  }
}

bool copy_to_file(int file, const char* from, std::size_t size) {
  for (std::size_t done = 0; done < size;) {
    const ssize_t written = ::pwrite(file, from + done, size - done, static_cast<off_t>(done));
    if (written <= 0) return false;
    done += static_cast<std::size_t>(written);
  }
  return true;
}

/// Moves [from, from + size) into a file of its own.
bool move_to_file(char* from, std::size_t size) {
  const int file = ::memfd_create("leoflow-heap", MFD_CLOEXEC);
  if (file < 0) return false;
  const bool copied = copy_to_file(file, from, size);
  if (copied && ::mmap(from, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, file, 0) == MAP_FAILED) {
    // The old mapping may be gone: there is nothing left to run on.
    ::abort();
  }
  ::close(file);
  return copied;
}

/// Lets go of pages that are as they are in the file: they come back when they are touched, and a fork does
/// not copy what is not there.
void drop_clean_pages(char* from, std::size_t size) {
  constexpr std::uint64_t kPresent = std::uint64_t{1} << 63;
  constexpr std::uint64_t kOfFile = std::uint64_t{1} << 61;
  const auto page = static_cast<std::size_t>(::getpagesize());
  const int map = ::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  if (map < 0) return;
  std::uint64_t entries[512];
  char* clean_begin = nullptr;
  const auto end_run = [&](char* end) {
    if (clean_begin != nullptr)
      ::madvise(clean_begin, static_cast<std::size_t>(end - clean_begin), MADV_DONTNEED);
    clean_begin = nullptr;
  };
  std::size_t done = 0;  // looked at
  while (done < size) {
    const std::size_t wanted = std::min((size - done) / page, std::size(entries)) * sizeof(std::uint64_t);
    const auto offset = (reinterpret_cast<std::uintptr_t>(from) + done) / page * sizeof(std::uint64_t);
    if (wanted == 0 ||
        ::pread(map, entries, wanted, static_cast<off_t>(offset)) != static_cast<ssize_t>(wanted))
      break;
    for (std::size_t i = 0; i < wanted / sizeof(std::uint64_t); ++i, done += page) {
      const bool is_clean = (entries[i] & kPresent) != 0 && (entries[i] & kOfFile) != 0;
      if (!is_clean) end_run(from + done);
      if (is_clean && clean_begin == nullptr) clean_begin = from + done;
    }
  }
  end_run(from + done);
  ::close(map);
}

char* find_heap_begin() {
  std::FILE* maps = std::fopen("/proc/self/maps", "r");
  if (maps == nullptr) return nullptr;
  char line[512];
  unsigned long begin = 0;
  while (std::fgets(line, sizeof line, maps) != nullptr) {
    if (std::strstr(line, "[heap]") != nullptr && std::sscanf(line, "%lx-", &begin) == 1) break;
  }
  std::fclose(maps);
  return reinterpret_cast<char*>(begin);
}

}  // namespace

extern "C" {

/// As CPython's PyObjectArenaAllocator.
struct ArenaAllocator {
  void* context;
  void* (*allocate)(void* context, std::size_t size);
  void (*free)(void* context, void* place, std::size_t size);
};

/// Fills in the allocator for PyObject_SetArenaAllocator. @returns 0, or -1 if there are no addresses for it.
__attribute__((visibility("default"))) int leoflow_heap_open(ArenaAllocator* allocator) {
  void* mapped = ::mmap(nullptr, kRegionBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) return -1;
  region = static_cast<char*>(mapped);
  *allocator = {nullptr, allocate_arena, free_arena};
  return 0;
}

/// Moves into files what was handed out since the last call. A copy of the process that calls it again shares
/// what its parent froze. @returns 0, or -1 if there was no memory for it; nothing is lost then.
__attribute__((visibility("default"))) int leoflow_heap_freeze() {
  if (region_used > region_frozen) {
    if (!move_to_file(region + region_frozen, region_used - region_frozen)) return -1;
    region_frozen = region_used;
  }
  if (heap_begin == nullptr) heap_begin = heap_frozen = find_heap_begin();
  // After the last call that may allocate.
  char* end = static_cast<char*>(::sbrk(0));
  end -= reinterpret_cast<std::uintptr_t>(end) % static_cast<std::size_t>(::getpagesize());
  if (heap_begin != nullptr && end > heap_frozen) {
    if (!move_to_file(heap_frozen, static_cast<std::size_t>(end - heap_frozen))) return -1;
    heap_frozen = end;
  }
  drop_clean_pages(region, region_frozen);
  drop_clean_pages(heap_begin, static_cast<std::size_t>(heap_frozen - heap_begin));
  return 0;
}

}  // extern "C"
