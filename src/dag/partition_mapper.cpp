#include "dag/partition_mapper.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace leoflow::dag {

bool PartitionNeeds::are_met(const std::set<std::string>& received) const {
  const auto matched =
      std::ranges::count_if(keys, [&](const std::string& key) { return received.contains(key); });
  const auto expected = static_cast<std::ptrdiff_t>(keys.size());
  if (!minimum) return matched == expected;
  if (*minimum > 0) return *minimum <= expected && matched >= *minimum;
  return matched >= std::max<std::ptrdiff_t>(0, expected + *minimum);
}

Result<std::string> PartitionMapper::encode_upstream(const DecodedKey& decoded) const {
  if (const auto* text = std::get_if<std::string>(&decoded)) return *text;
  return fail(ErrorCode::invalid, "a time where the partition mapper expects a text");
}

std::string PartitionMapper::format(const DecodedKey& decoded) const {
  if (const auto* text = std::get_if<std::string>(&decoded)) return *text;
  // Python's isoformat().
  const SpelledTime& time = std::get<SpelledTime>(decoded);
  const bool is_whole = time.wall == std::chrono::floor<std::chrono::seconds>(time.wall);
  std::string out = TimeFormat::of(is_whole ? "%Y-%m-%dT%H:%M:%S" : "%Y-%m-%dT%H:%M:%S.%f")->write(time);
  if (time.offset) {
    out += TimeFormat::of("%z")->write(time);
    out.insert(out.size() - 2, ":");
  }
  return out;
}

Result<std::vector<MappedPartition>> map_partition(const PartitionMapper& mapper, const std::string& key) {
  auto keys = mapper.to_downstream(key);
  if (!keys) return std::unexpected(keys.error());
  std::vector<MappedPartition> out;
  for (std::string& downstream : *keys) {
    MappedPartition mapped;
    // A mapper that cannot read its own keys leaves the date away, and waits for ever for what it needs.
    if (const auto date = mapper.to_partition_date(downstream)) {
      mapped.date = *date;
      mapped.is_temporal = date->has_value();
    } else {
      mapped.is_temporal = true;
    }
    if (mapper.is_rollup()) {
      const auto needs = mapper.needs_of(downstream);
      mapped.needs = needs && *needs ? **needs : PartitionNeeds{{}, 1};
    }
    mapped.key = std::move(downstream);
    out.push_back(std::move(mapped));
  }
  return out;
}

const PartitionMapper& Partitioning::mapper_of(const AssetKey& asset) const {
  if (!asset.name.empty()) {
    const auto found = by_name.find(asset.name);
    return found == by_name.end() ? *fallback : *found->second;
  }
  const auto found = by_uri.find(asset.uri);
  return found == by_uri.end() ? *fallback : *found->second;
}

}  // namespace leoflow::dag
