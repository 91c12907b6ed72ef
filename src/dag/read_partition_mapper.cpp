#include <algorithm>
#include <fmt/format.h>

#include "base/text.hpp"
#include "dag/encoded.hpp"
#include "dag/partition_mapper.hpp"
#include "dag/partition_temporal.hpp"
#include "dag/partition_window.hpp"

// The mappers that are not about time, and how all are read.
namespace leoflow::dag {
namespace {

using Keys = Result<std::vector<std::string>>;

class IdentityMapper final : public PartitionMapper {
 public:
  Keys to_downstream(const std::string& key) const override { return std::vector{key}; }
  bool carries_date() const override { return true; }
};

class FixedKeyMapper final : public PartitionMapper {
 public:
  explicit FixedKeyMapper(std::string key) : key_(std::move(key)) {}
  Keys to_downstream(const std::string&) const override { return std::vector{key_}; }

 private:
  std::string key_;
};

class AllowedKeyMapper final : public PartitionMapper {
 public:
  explicit AllowedKeyMapper(std::vector<std::string> allowed) : allowed_(std::move(allowed)) {}
  Keys to_downstream(const std::string& key) const override {
    if (std::ranges::find(allowed_, key) != allowed_.end()) return std::vector{key};
    return fail(ErrorCode::invalid,
                fmt::format("Key '{}' not in allowed keys ['{}']", key, fmt::join(allowed_, "', '")));
  }

 private:
  std::vector<std::string> allowed_;
};

/// A part of the key for each of its mappers.
class ProductMapper final : public PartitionMapper {
 public:
  ProductMapper(std::vector<PartitionMapperPtr> parts, std::string delimiter)
      : parts_(std::move(parts)), delimiter_(std::move(delimiter)) {}

  Keys to_downstream(const std::string& key) const override {
    const auto segments = segments_of(key);
    if (segments.size() != parts_.size()) {
      return fail(ErrorCode::invalid, fmt::format("Expected {} segments in key, got {}", parts_.size(),
                                                  segments.size()));
    }
    std::vector<std::string> out;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      const auto mapped = parts_[i]->to_downstream(segments[i]);
      if (!mapped) return std::unexpected(mapped.error());
      if (mapped->size() != 1) {
        return fail(ErrorCode::invalid, "ProductMapper child mappers must return a single key");
      }
      out.push_back(mapped->front());
    }
    return std::vector{join(out, delimiter_)};
  }

  /// That of its only part with a date.
  Result<std::optional<Time>> to_partition_date(const std::string& key) const override {
    const auto segments = segments_of(key);
    if (segments.size() != parts_.size()) return std::nullopt;
    std::optional<Time> only;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      const auto date = parts_[i]->to_partition_date(segments[i]);
      if (!date) return date;
      if (!*date) continue;
      if (only) return std::nullopt;
      only = *date;
    }
    return only;
  }

 private:
  std::vector<std::string> segments_of(const std::string& key) const {
    std::vector<std::string> out;
    std::size_t begin = 0;
    for (auto end = key.find(delimiter_); end != std::string::npos; end = key.find(delimiter_, begin)) {
      out.push_back(key.substr(begin, end - begin));
      begin = end + delimiter_.size();
    }
    out.push_back(key.substr(begin));
    return out;
  }

  std::vector<PartitionMapperPtr> parts_;
  std::string delimiter_;
};

/// One after the other.
class ChainMapper final : public PartitionMapper {
 public:
  explicit ChainMapper(std::vector<PartitionMapperPtr> parts) : parts_(std::move(parts)) {}

  Keys to_downstream(const std::string& key) const override {
    std::vector<std::string> keys = {key};
    for (const PartitionMapperPtr& part : parts_) {
      std::vector<std::string> next;
      for (const std::string& one : keys) {
        auto mapped = part->to_downstream(one);
        if (!mapped) return mapped;
        std::ranges::move(*mapped, std::back_inserter(next));
      }
      keys = std::move(next);
    }
    return keys;
  }
  Result<std::optional<Time>> to_partition_date(const std::string& key) const override {
    return parts_.back()->to_partition_date(key);
  }

 private:
  std::vector<PartitionMapperPtr> parts_;
};

/// Many keys of the asset for one partition.
class RollupMapper final : public PartitionMapper {
 public:
  RollupMapper(PartitionMapperPtr upstream, std::shared_ptr<const PartitionWindow> window,
               std::optional<int> minimum)
      : upstream_(std::move(upstream)), window_(std::move(window)), minimum_(minimum) {}

  Keys to_downstream(const std::string& key) const override { return upstream_->to_downstream(key); }
  Result<std::optional<Time>> to_partition_date(const std::string& key) const override {
    return upstream_->to_partition_date(key);
  }
  bool is_rollup() const override { return true; }

  Result<std::optional<PartitionNeeds>> needs_of(const std::string& key) const override {
    const auto period = upstream_->decode_downstream(key);
    if (!period) return std::unexpected(period.error());
    const auto members = window_->members(*period);
    if (!members) return std::unexpected(members.error());
    std::set<std::string> keys;
    for (const DecodedKey& member : *members) {
      auto encoded = upstream_->encode_upstream(member);
      if (!encoded) return std::unexpected(encoded.error());
      keys.insert(std::move(*encoded));
    }
    return PartitionNeeds{{keys.begin(), keys.end()}, minimum_};
  }

 private:
  PartitionMapperPtr upstream_;
  std::shared_ptr<const PartitionWindow> window_;
  std::optional<int> minimum_;
};

/// One key of the asset for many partitions.
class FanOutMapper final : public PartitionMapper {
 public:
  FanOutMapper(PartitionMapperPtr upstream, std::shared_ptr<const PartitionWindow> window,
               PartitionMapperPtr downstream)
      : upstream_(std::move(upstream)), window_(std::move(window)), downstream_(std::move(downstream)) {}

  Keys to_downstream(const std::string& key) const override {
    const auto mapped = upstream_->to_downstream(key);
    if (!mapped) return mapped;
    if (mapped->size() != 1) {
      return fail(ErrorCode::invalid,
                  "FanOutMapper.upstream_mapper must produce a single key from to_downstream");
    }
    const auto period = upstream_->decode_downstream(mapped->front());
    if (!period) return std::unexpected(period.error());
    const auto members = window_->members(*period);
    if (!members) return std::unexpected(members.error());
    std::vector<std::string> out;
    for (const DecodedKey& member : *members) out.push_back(downstream_->format(member));
    return out;
  }
  Result<std::optional<Time>> to_partition_date(const std::string& key) const override {
    return downstream_->to_partition_date(key);
  }

 private:
  PartitionMapperPtr upstream_;
  std::shared_ptr<const PartitionWindow> window_;
  PartitionMapperPtr downstream_;
};

class PythonMapper final : public PartitionMapper {
 public:
  explicit PythonMapper(json::value encoded) : encoded_(std::move(encoded)) {}
  Keys to_downstream(const std::string&) const override {
    return fail(ErrorCode::unsupported, "this partition mapper needs Python");
  }
  const json::value* python() const override { return &encoded_; }

 private:
  json::value encoded_;
};

/// Null if it needs Python.
using Built = Result<std::shared_ptr<PartitionMapper>>;

/// Empty if one of them needs Python.
using Parts = Result<std::vector<PartitionMapperPtr>>;

Parts read_parts(const json::value& fields) {
  std::vector<PartitionMapperPtr> out;
  const json::value& list = child(fields, "mappers");
  if (!list.is_array() || list.get_array().empty()) {
    return fail(ErrorCode::invalid, "a partition mapper of several needs a list of them");
  }
  for (const json::value& entry : list.get_array()) {
    auto part = read_partition_mapper(entry);
    if (!part) return std::unexpected(part.error());
    if ((*part)->python() != nullptr) return std::vector<PartitionMapperPtr>{};
    out.push_back(std::move(*part));
  }
  return out;
}

/// Null if it needs Python.
Result<PartitionMapperPtr> read_part(const json::value& fields, std::string_view key) {
  auto part = read_partition_mapper(child(fields, key));
  if (part && (*part)->python() != nullptr) return nullptr;
  return part;
}

/// A RollupMapper or a FanOutMapper. Null if it needs Python.
Built read_windowed(const json::value& fields, bool is_rollup) {
  auto upstream = read_part(fields, "upstream_mapper");
  if (!upstream) return std::unexpected(upstream.error());
  auto window = read_partition_window(child(fields, "window"));
  if (!window) return std::unexpected(window.error());
  if (*upstream == nullptr || *window == nullptr) return nullptr;
  if (!is_rollup) {
    auto downstream = read_part(fields, "downstream_mapper");
    if (!downstream) return std::unexpected(downstream.error());
    if (*downstream == nullptr) return nullptr;
    return std::make_shared<FanOutMapper>(std::move(*upstream), std::move(*window), std::move(*downstream));
  }
  const json::value& policy = child(fields, "wait_policy");
  const std::string type = get_text(policy, "__type");
  if (type == "airflow.partition_mappers.wait_policy.WaitForAll") {
    return std::make_shared<RollupMapper>(std::move(*upstream), std::move(*window), std::nullopt);
  }
  if (type == "airflow.partition_mappers.wait_policy.MinimumCount") {
    const auto minimum = static_cast<int>(get_integer(child(policy, "__var"), "n", 1));
    return std::make_shared<RollupMapper>(std::move(*upstream), std::move(*window), minimum);
  }
  return nullptr;
}

/// Null if it needs Python.
Built read_builtin(std::string_view name, const json::value& fields) {
  if (name == "identity.IdentityMapper") return std::make_shared<IdentityMapper>();
  if (name == "fixed_key.FixedKeyMapper") {
    return std::make_shared<FixedKeyMapper>(get_text(fields, "downstream_key"));
  }
  if (name == "allowed_key.AllowedKeyMapper") {
    return std::make_shared<AllowedKeyMapper>(read_texts(fields, "allowed_keys"));
  }
  if (name == "base.RollupMapper") return read_windowed(fields, true);
  if (name == "temporal.FanOutMapper") return read_windowed(fields, false);
  if (name == "product.ProductMapper" || name == "chain.ChainMapper") {
    auto parts = read_parts(fields);
    if (!parts) return std::unexpected(parts.error());
    if (parts->empty()) return nullptr;
    if (name == "chain.ChainMapper") return std::make_shared<ChainMapper>(std::move(*parts));
    const std::string delimiter = get_text(fields, "delimiter", "|");
    if (delimiter.empty()) return fail(ErrorCode::invalid, "a ProductMapper needs a delimiter");
    return std::make_shared<ProductMapper>(std::move(*parts), delimiter);
  }
  constexpr std::string_view kTemporal = "temporal.";
  if (!name.starts_with(kTemporal)) return nullptr;
  return read_temporal_mapper(name.substr(kTemporal.size()), fields);
}

}  // namespace

Result<PartitionMapperPtr> read_partition_mapper(const json::value& encoded) {
  constexpr std::string_view kPackage = "airflow.partition_mappers.";
  const std::string type = get_text(encoded, "__type");
  const json::value& fields = child(encoded, "__var");
  if (type.empty()) return fail(ErrorCode::invalid, "a partition mapper without type");
  std::shared_ptr<PartitionMapper> mapper;
  if (type.starts_with(kPackage)) {
    auto read = read_builtin(std::string_view(type).substr(kPackage.size()), fields);
    if (!read) return std::unexpected(read.error());
    mapper = std::move(*read);
  }
  if (mapper == nullptr) mapper = std::make_shared<PythonMapper>(encoded);
  mapper->max_downstream_keys = find_int(fields, "max_downstream_keys");
  return mapper;
}

Result<Partitioning> read_partitioning(const json::value& fields) {
  Partitioning out;
  auto fallback = read_partition_mapper(child(fields, "default_partition_mapper"));
  if (!fallback) return std::unexpected(fallback.error());
  out.fallback = std::move(*fallback);
  const json::value& config = child(fields, "partition_mapper_config");
  for (const json::value& entry : config.is_array() ? config.get_array() : json::array()) {
    if (!entry.is_array() || entry.get_array().size() != 2) {
      return fail(ErrorCode::invalid, "partition_mapper_config must be pairs of asset and mapper");
    }
    auto condition = read_asset_condition(entry.get_array()[0]);
    if (!condition) return std::unexpected(condition.error());
    auto mapper = read_partition_mapper(entry.get_array()[1]);
    if (!mapper) return std::unexpected(mapper.error());
    for (const AssetLeaf* leaf : leaves_of(*condition)) {
      if (leaf->kind == AssetLeaf::Kind::alias) continue;
      if (!leaf->key.name.empty()) out.by_name[leaf->key.name] = *mapper;
      if (!leaf->key.uri.empty()) out.by_uri[leaf->key.uri] = *mapper;
    }
  }
  out.definition =
      json::serialize(json::array{child(fields, "default_partition_mapper"), config, child(fields, "asset_condition")});
  return out;
}

}  // namespace leoflow::dag
