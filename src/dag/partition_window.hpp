#pragma once

#include <memory>

#include "dag/partition_mapper.hpp"

namespace leoflow::dag {

/// The keys of which one period consists.
class PartitionWindow {
 public:
  virtual ~PartitionWindow() = default;
  /// Errors: invalid, if the period does not begin where the window's must.
  virtual Result<std::vector<DecodedKey>> members(const DecodedKey& period) const = 0;
};

/// Reads a built-in window. @returns null for one that only Python knows. Errors: invalid.
Result<std::shared_ptr<const PartitionWindow>> read_partition_window(const json::value& encoded);

}  // namespace leoflow::dag
