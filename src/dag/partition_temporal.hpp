#pragma once

#include "dag/partition_mapper.hpp"

namespace leoflow::dag {

/// Reads one of StartOfHourMapper ... StartOfYearMapper by that name.
/// @returns null if its formats are beyond us. Errors: invalid (time zone).
Result<std::shared_ptr<PartitionMapper>> read_temporal_mapper(std::string_view name, const json::value& fields);

}  // namespace leoflow::dag
