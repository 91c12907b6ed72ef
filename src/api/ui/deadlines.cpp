#include <fmt/core.h>

#include "api/core/dag_access.hpp"
#include "api/core/dag_rows.hpp"
#include "api/core/run_rows.hpp"
#include "api/core/select.hpp"
#include "api/resources.hpp"

/// When runs ought to be over.
namespace leoflow::api {

namespace {

constexpr OrderKey kDeadlineOrder[] = {{"id", "l.id"},
                                       {"deadline_time", "l.deadline_time"},
                                       {"created_at", "l.created_at"},
                                       {"last_updated_at", "l.updated_at"},
                                       {"missed", "l.missed"},
                                       {"dag_id", "l.dag_id"},
                                       {"dag_run_id", "l.run_id"},
                                       {"alert_name", "x.name"}};
constexpr OrderKey kAlertOrder[] = {{"id", "x.id"}, {"created_at", "x.created_at"}, {"name", "x.name"}};

Result<Answer> get_deadlines(Call& call, const gen::GetDeadlinesParams& params) {
  if (params.dag_run_id != "~" && params.dag_id == "~") {
    return fail(ErrorCode::invalid, "dag_id is required when dag_run_id is specified");
  }
  if (params.dag_run_id != "~") {
    if (!require_run(call.db(), params.dag_id, params.dag_run_id)) {
      return fail(ErrorCode::not_found, fmt::format("DagRun with dag_id: `{}` and run_id: `{}` was not found",
                                                    params.dag_id, params.dag_run_id));
    }
  }
  Select select("l.id, l.deadline_time, l.missed, l.created_at, l.dag_id, l.run_id, x.id, x.name",
                "deadline l LEFT JOIN deadline_alert x ON x.id = l.alert_id");
  select.equals("l.dag_id", params.dag_id).equals("l.run_id", params.dag_run_id);
  only_readable(select, call, "l.dag_id");
  if (params.missed) select.where("l.missed = ?", {*params.missed});
  select.range("l.deadline_time", LEOFLOW_RANGE(params, deadline_time));
  select.range("l.updated_at", LEOFLOW_RANGE(params, last_updated_at));
  if (auto ordered = select.order(params.order_by, kDeadlineOrder, "l.id"); !ordered) {
    return std::unexpected(ordered.error());
  }
  gen::DeadlineCollectionResponse list;
  list.total_entries = select.count(call.db());
  for (const store::Row row : select.page(params.limit, params.offset).rows(call.db())) {
    gen::DeadlineResponse& deadline = list.deadlines.emplace_back();
    store::Reader(row) >> deadline.id >> deadline.deadline_time >> deadline.missed >> deadline.created_at >>
        deadline.dag_id >> deadline.dag_run_id >> deadline.alert_id >> deadline.alert_name;
  }
  return ok(list);
}

Result<Answer> get_dag_deadline_alerts(Call& call, const gen::GetDagDeadlineAlertsParams& params) {
  const auto versions = call.query(
      "SELECT id FROM dag_version WHERE dag_id = $1 AND (CAST($2 AS BIGINT) IS NULL OR version_number = $2)"
      " ORDER BY version_number DESC LIMIT 1",
      {params.dag_id, params.version_number});
  if (versions.empty()) {
    return fail(ErrorCode::not_found, params.version_number
                                          ? fmt::format("Dag with id {} and version number {} was not found",
                                                        params.dag_id, *params.version_number)
                                          : fmt::format("Dag with id {} was not found", params.dag_id));
  }
  Select select("x.id, x.name, x.reference_type, x.interval_microseconds, x.created_at", "deadline_alert x");
  select.where("x.dag_version_id = ?", {versions[0].text(0)});
  if (auto ordered = select.order(params.order_by, kAlertOrder, "x.id"); !ordered) {
    return std::unexpected(ordered.error());
  }
  gen::DeadlineAlertCollectionResponse list;
  list.total_entries = select.count(call.db());
  for (const store::Row row : select.page(params.limit, params.offset).rows(call.db())) {
    gen::DeadlineAlertResponse& alert = list.deadline_alerts.emplace_back();
    std::optional<std::int64_t> interval;
    store::Reader(row) >> alert.id >> alert.name >> alert.reference_type >> interval >> alert.created_at;
    if (interval) alert.interval = static_cast<double>(*interval) / 1e6;
  }
  return ok(list);
}

}  // namespace

void bind_ui_deadlines(Registry& registry) {
  registry.bind<op::get_deadlines>(get_deadlines);
  registry.bind<op::get_dag_deadline_alerts>(get_dag_deadline_alerts);
}

}  // namespace leoflow::api
