#include <fmt/core.h>

#include "api/core/dag_access.hpp"
#include "api/core/dag_rows.hpp"
#include "api/core/long_list.hpp"
#include "api/core/run_rows.hpp"
#include "api/core/state_filters.hpp"
#include "api/resources.hpp"
#include "base/text.hpp"
#include "base/time_text.hpp"
#include "dag/timetable.hpp"

namespace leoflow::api {

namespace {

constexpr std::string_view kRunDuration = "((r.end_date - r.start_date) / 1000000.0)";
constexpr OrderKey kRunOrder[] = {{"id", "r.id", Holds::number, true},
                                  {"state", "r.state", Holds::text, true},
                                  {"dag_id", "r.dag_id", Holds::text, true},
                                  {"run_id", "r.run_id", Holds::text, true},
                                  {"dag_run_id", "r.run_id", Holds::text, true},
                                  {"logical_date", "r.logical_date", Holds::number},
                                  {"run_after", "r.run_after", Holds::number, true},
                                  {"start_date", "r.start_date", Holds::number},
                                  {"end_date", "r.end_date", Holds::number},
                                  {"updated_at", "r.updated_at", Holds::number, true},
                                  {"external_trigger", "r.run_type", Holds::text, true},
                                  {"conf", "r.conf", Holds::text, true},
                                  {"duration", "(r.end_date - r.start_date)", Holds::number},
                                  {"run_type", "r.run_type", Holds::text, true},
                                  {"triggering_user_name", "r.triggering_user_name"},
                                  {"partition_key", "r.partition_key"},
                                  {"partition_date", "r.partition_date", Holds::number}};

/// Runs that events of such an asset went into.
void filter_asset(Select& select, const std::optional<std::string>& text) {
  if (!text || text->empty()) return;
  const std::string pattern = contains_pattern(*text);
  select.where(
      "EXISTS (SELECT 1 FROM dag_run_asset_event c JOIN asset_event e ON e.id = c.event_id JOIN asset a ON "
      "a.id = e.asset_id WHERE c.dag_id = r.dag_id AND c.run_id = r.run_id AND "
      "(LOWER(a.name) LIKE ? ESCAPE '\\' OR LOWER(a.uri) LIKE ? ESCAPE '\\'))",
      {pattern, pattern});
}

template <typename Params>
void filter_run_times(Select& select, const Params& params, Time now) {
  select.range("r.run_after", LEOFLOW_RANGE(params, run_after));
  select.range("r.logical_date", LEOFLOW_RANGE(params, logical_date));
  select.open_range("r.start_date", LEOFLOW_RANGE(params, start_date), now);
  select.open_range("r.end_date", LEOFLOW_RANGE(params, end_date), now);
  select.range(kRunDuration, LEOFLOW_RANGE(params, duration));
}

void filter_conf(Select& select, const std::optional<std::string>& words) {
  if (words && !words->empty()) select.where("LOWER(r.conf) LIKE ?", {"%" + to_lower(*words) + "%"});
}

Result<Answer> list_runs(Call& call, Select& where, const std::vector<std::string>& order_by,
                         const PageRequest& page) {
  only_readable(where, call, "r.dag_id");
  const LongList runs{kRunColumns, kRunTables, {"", "r.id", Holds::number, true}, kRunOrder};
  const auto found = read_page(call.db(), runs, where, order_by, page);
  if (!found) return std::unexpected(found.error());
  gen::DAGRunCollectionResponse list;
  found->describe(list);
  found->each([&](store::Row row) { list.dag_runs.push_back(run_from(row)); });
  return ok(list);
}

/// Midnight in UTC at the start of a day, `later` days on. Errors: unprocessable.
Result<Time> start_of_day(const std::string& day, int later) {
  const auto midnight = parse_iso(day + "T00:00:00Z");
  if (!midnight)
    return fail(ErrorCode::unprocessable, fmt::format("'{}' is not a date like 2026-01-31", day));
  return *midnight + std::chrono::days{later};
}

/// By the days of a partitioned DAG's partitions, as the clock of its timetable shows them.
Result<void> filter_partition_dates(Call& call, Select& select, const gen::GetDagRunsParams& params) {
  if (!params.partition_date_gte && !params.partition_date_lte) return {};
  if (params.dag_id == "~") {
    return fail(ErrorCode::invalid, "partition_date_gte and partition_date_lte require a specific dag_id.");
  }
  const auto view = call.api.dags.current(call.db(), params.dag_id);
  const json::value* encoded = view == nullptr ? nullptr : find(view->dag(), "timetable");
  const auto timetable = encoded == nullptr ? nullptr : dag::read_timetable(*encoded).value_or(nullptr);
  if (timetable == nullptr || !timetable->partitioned()) {
    return fail(ErrorCode::invalid,
                fmt::format("Dag with dag_id: '{}' is not partitioned; partition_date_gte and "
                            "partition_date_lte are not supported.",
                            params.dag_id));
  }
  if (params.partition_date_gte) {
    const auto from = start_of_day(*params.partition_date_gte, 0);
    if (!from) return std::unexpected(from.error());
    select.where("r.partition_date >= ?", {timetable->localize(*from)});
  }
  if (params.partition_date_lte) {
    const auto to = start_of_day(*params.partition_date_lte, 1);
    if (!to) return std::unexpected(to.error());
    select.where("r.partition_date < ?", {timetable->localize(*to)});
  }
  return {};
}

Result<Answer> get_dag_runs(Call& call, const gen::GetDagRunsParams& params) {
  if (params.dag_id != "~") {
    if (auto known = require_dag(call.db(), params.dag_id); !known) return std::unexpected(known.error());
  }
  Select select(kRunColumns, kRunTables);
  select.equals("r.dag_id", params.dag_id);
  if (auto fine = filter_run_types(select, params.run_type); !fine) return std::unexpected(fine.error());
  if (auto fine = filter_run_states(select, params.state); !fine) return std::unexpected(fine.error());
  filter_run_times(select, params, call.now());
  select.range("r.updated_at", LEOFLOW_RANGE(params, updated_at));
  filter_conf(select, params.conf_contains);
  select.in("v.version_number", params.dag_version).equals("r.bundle_version", params.bundle_version);
  select.pattern("r.run_id", params.run_id_pattern).prefix("r.run_id", params.run_id_prefix_pattern);
  select.pattern("r.triggering_user_name", params.triggering_user_name_pattern);
  select.prefix("r.triggering_user_name", params.triggering_user_name_prefix_pattern);
  select.dag_pattern("r.dag_id", params.dag_id_pattern).prefix("r.dag_id", params.dag_id_prefix_pattern);
  select.pattern("r.partition_key", params.partition_key_pattern);
  select.prefix("r.partition_key", params.partition_key_prefix_pattern);
  filter_asset(select, params.consuming_asset_pattern);
  if (auto fine = filter_partition_dates(call, select, params); !fine) return std::unexpected(fine.error());
  return list_runs(call, select, params.order_by, {params.limit, params.offset, params.cursor});
}

Result<Answer> get_list_dag_runs_batch(Call& call, const gen::GetListDagRunsBatchParams&,
                                       gen::DAGRunsBatchBody& body) {
  Select select(kRunColumns, kRunTables);
  select.in("r.dag_id", body.dag_ids);
  if (body.states) {
    std::vector<std::string> states;
    for (const auto& state : *body.states) states.push_back(state.value_or(""));
    select.in("r.state", states, "none");
  }
  filter_run_times(select, body, call.now());
  filter_conf(select, body.conf_contains);
  std::vector<std::string> order_by;
  if (body.order_by) order_by.push_back(*body.order_by);
  return list_runs(call, select, order_by, {body.page_limit, body.page_offset});
}

Result<Answer> get_dag_run(Call& call, const gen::GetDagRunParams& params) {
  const auto run = read_run(call.db(), params.dag_id, params.dag_run_id);
  if (!run) return std::unexpected(run.error());
  return ok(*run);
}

}  // namespace

void bind_dag_runs(Registry& registry) {
  registry.bind<op::get_dag_runs>(get_dag_runs);
  registry.bind<op::get_list_dag_runs_batch>(get_list_dag_runs_batch);
  registry.bind<op::get_dag_run>(get_dag_run);
}

}  // namespace leoflow::api
