#pragma once

#include "api/core/log_source.hpp"
#include "objects/object_store.hpp"

namespace leoflow::api {

/// A log in an object store, read in ranges. What a first look brought is enough for a short one.
class StoredLog final : public LogSource {
 public:
  /// Errors: those of the store.
  static Result<std::unique_ptr<StoredLog>> open(objects::ObjectStore& store, std::string name);

  std::uintmax_t size() override { return size_; }
  std::string read(std::uintmax_t from, std::uintmax_t size) override;

 private:
  StoredLog(objects::ObjectStore& store, std::string name, objects::Piece first)
      : store_(store), name_(std::move(name)), size_(first.total), first_(std::move(first.bytes)) {}

  objects::ObjectStore& store_;
  const std::string name_;
  const std::uintmax_t size_;
  std::string first_;  ///< its beginning; "" once more than that was wanted
};

}  // namespace leoflow::api
