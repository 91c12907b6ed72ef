#pragma once

#include <filesystem>

#include "api/core/log_source.hpp"

namespace leoflow::api {

/// A log in a file, opened for each look. What is not there, or cannot be read, is as if it were empty.
class LogFile final : public LogSource {
 public:
  explicit LogFile(std::filesystem::path path) : path_(std::move(path)) {}

  std::uintmax_t size() override;
  std::string read(std::uintmax_t from, std::uintmax_t size) override;

 private:
  const std::filesystem::path path_;
};

}  // namespace leoflow::api
