#pragma once

#include <string>
#include <string_view>

namespace leoflow::fleet {

/// What a file holds now, without a copy of it in this process's memory. Empty if it is not there, or holds
/// nothing. The file may grow meanwhile, but not become shorter.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::string_view bytes() const { return {static_cast<const char*>(start_), size_}; }

 private:
  void* start_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace leoflow::fleet
