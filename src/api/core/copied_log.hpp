#pragma once

#include <string>
#include <utility>

#include "api/core/log_source.hpp"

namespace leoflow::api {

/// What is known of a log from a place on, in memory. Nothing before that can be read.
class CopiedLog final : public LogSource {
 public:
  CopiedLog(std::uintmax_t from, std::string text) : from_(from), text_(std::move(text)) {}

  std::uintmax_t size() override { return from_ + text_.size(); }
  std::string read(std::uintmax_t from, std::uintmax_t size) override {
    return from < from_ || from >= this->size() ? "" : text_.substr(from - from_, size);
  }

 private:
  const std::uintmax_t from_;
  const std::string text_;
};

}  // namespace leoflow::api
