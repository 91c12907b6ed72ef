#include <fmt/core.h>

#include "api/core/select.hpp"
#include "api/resources.hpp"

namespace leoflow::api {

namespace {

constexpr std::string_view kLogColumns =
    "e.id, e.created_at, e.dag_id, e.task_id, e.run_id, e.map_index, e.try_number, e.event, e.logical_date, "
    "e.owner, "
    "e.extra, d.dag_display_name";
constexpr std::string_view kLogTables = "event_log e LEFT JOIN dag d ON d.dag_id = e.dag_id";

gen::EventLogResponse event_from(store::Row row) {
  gen::EventLogResponse event;
  store::Reader(row) >> event.event_log_id >> event.when >> event.dag_id >> event.task_id >> event.run_id >>
      event.map_index >> event.try_number >> event.event >> event.logical_date >> event.owner >>
      event.extra >> event.dag_display_name;
  return event;
}

Result<Answer> get_event_logs(Call& call, const gen::GetEventLogsParams& params) {
  Select select(kLogColumns, kLogTables);
  select.equals("e.dag_id", params.dag_id)
      .equals("e.task_id", params.task_id)
      .equals("e.run_id", params.run_id);
  select.equals("e.owner", params.owner).equals("e.event", params.event);
  if (params.map_index) select.where("e.map_index = ?", {*params.map_index});
  if (params.try_number) select.where("e.try_number = ?", {*params.try_number});
  select.in("e.event", params.included_events);
  if (params.excluded_events) {
    for (const std::string& event : *params.excluded_events) select.where("e.event <> ?", {event});
  }
  if (params.before) select.where("e.created_at <= ?", {*params.before});
  if (params.after) select.where("e.created_at >= ?", {*params.after});
  select.pattern("e.dag_id", params.dag_id_pattern).prefix("e.dag_id", params.dag_id_prefix_pattern);
  select.pattern("e.task_id", params.task_id_pattern).prefix("e.task_id", params.task_id_prefix_pattern);
  select.pattern("e.run_id", params.run_id_pattern).prefix("e.run_id", params.run_id_prefix_pattern);
  select.pattern("e.owner", params.owner_pattern).prefix("e.owner", params.owner_prefix_pattern);
  select.pattern("e.event", params.event_pattern).prefix("e.event", params.event_prefix_pattern);
  static constexpr OrderKey kLogOrder[] = {
      {"id", "e.id"},           {"event_log_id", "e.id"}, {"when", "e.created_at"},
      {"dttm", "e.created_at"}, {"dag_id", "e.dag_id"},   {"task_id", "e.task_id"},
      {"run_id", "e.run_id"},   {"event", "e.event"},     {"logical_date", "e.logical_date"},
      {"owner", "e.owner"},     {"extra", "e.extra"}};
  if (auto ordered = select.order(params.order_by, kLogOrder, "e.id"); !ordered)
    return std::unexpected(ordered.error());
  gen::EventLogCollectionResponse list;
  list.total_entries = select.count(call.db());
  for (const store::Row row : select.page(params.limit, params.offset).rows(call.db())) {
    list.event_logs.push_back(event_from(row));
  }
  return ok(list);
}

Result<Answer> get_event_log(Call& call, const gen::GetEventLogParams& params) {
  const auto rows = call.db().query(fmt::format("SELECT {} FROM {} WHERE e.id = $1", kLogColumns, kLogTables),
                                    {params.event_log_id});
  if (rows.empty()) {
    return fail(ErrorCode::not_found,
                fmt::format("The Event Log with id: `{}` not found", params.event_log_id));
  }
  return ok(event_from(rows[0]));
}

}  // namespace

void bind_event_logs(Registry& registry) {
  registry.bind<op::get_event_logs>(get_event_logs);
  registry.bind<op::get_event_log>(get_event_log);
}

}  // namespace leoflow::api
