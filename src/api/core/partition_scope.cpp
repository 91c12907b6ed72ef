#include "api/core/partition_scope.hpp"

#include <fmt/core.h>

#include "dag/timetable.hpp"

namespace leoflow::api {

std::optional<Answer> refuse_partition_scope(const Call& call, const PartitionScope& scope, bool other,
                                             std::string_view other_name) {
  if (int{other} + int{scope.key.has_value()} + int{scope.has_window()} != 1) {
    return refused_body(call, fmt::format("Exactly one of {}, partition_key, or a partition date window "
                                          "(partition_date_start / partition_date_end) must be provided.",
                                          other_name));
  }
  if (scope.first && scope.last && *scope.first > *scope.last) {
    return refused_body(call, "partition_date_start must be on or before partition_date_end.");
  }
  return std::nullopt;
}

void select_partitions(Select& select, const PartitionScope& scope, const DagView& dag) {
  select.order_sql("r.partition_date, r.run_id");
  if (scope.key) {
    select.where("r.partition_key = ?", {*scope.key});
    return;
  }
  const json::value* encoded = find(dag.dag(), "timetable");
  const auto timetable = encoded == nullptr ? nullptr : dag::read_timetable(*encoded).value_or(nullptr);
  const auto instant = [&](Time time) { return timetable == nullptr ? time : timetable->localize(time); };
  select.where("r.partition_date IS NOT NULL");
  if (scope.first) select.where("r.partition_date >= ?", {instant(*scope.first)});
  if (scope.last) select.where("r.partition_date <= ?", {instant(*scope.last)});
}

}  // namespace leoflow::api
