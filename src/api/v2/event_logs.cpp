#include <fmt/core.h>

#include "api/core/dag_access.hpp"
#include "api/core/long_list.hpp"
#include "api/resources.hpp"

namespace leoflow::api {

namespace {

constexpr std::string_view kLogColumns =
    "e.id, e.created_at, e.dag_id, e.task_id, e.run_id, e.map_index, e.try_number, e.event, e.logical_date, "
    "e.owner, "
    "e.extra, d.dag_display_name";
constexpr std::string_view kLogTables = "event_log e LEFT JOIN dag d ON d.dag_id = e.dag_id";

constexpr OrderKey kLogOrder[] = {{"id", "e.id", Holds::number, true},
                                  {"event_log_id", "e.id", Holds::number, true},
                                  {"when", "e.created_at", Holds::number, true},
                                  {"dttm", "e.created_at", Holds::number, true},
                                  {"dag_id", "e.dag_id"},
                                  {"task_id", "e.task_id"},
                                  {"run_id", "e.run_id"},
                                  {"event", "e.event", Holds::text, true},
                                  {"logical_date", "e.logical_date", Holds::number},
                                  {"owner", "e.owner"},
                                  {"extra", "e.extra"}};

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
  select.range("e.created_at", Range<Time>{.gt = params.after, .lt = params.before});
  select.pattern("e.dag_id", params.dag_id_pattern).prefix("e.dag_id", params.dag_id_prefix_pattern);
  select.pattern("e.task_id", params.task_id_pattern).prefix("e.task_id", params.task_id_prefix_pattern);
  select.pattern("e.run_id", params.run_id_pattern).prefix("e.run_id", params.run_id_prefix_pattern);
  select.pattern("e.owner", params.owner_pattern).prefix("e.owner", params.owner_prefix_pattern);
  select.pattern("e.event", params.event_pattern).prefix("e.event", params.event_prefix_pattern);
  only_readable(select, call, "e.dag_id");
  // A run has few events, and they have an index.
  if (params.dag_id && params.run_id) select.few();
  const LongList logs{kLogColumns, kLogTables, kLogOrder[0], kLogOrder};
  const auto page = read_page(call.db(), logs, select, params.order_by, {params.limit, params.offset});
  if (!page) return std::unexpected(page.error());
  gen::EventLogCollectionResponse list;
  page->each([&](store::Row row) { list.event_logs.push_back(event_from(row)); });
  page->describe(list);
  return ok(list);
}

Result<Answer> get_event_log(Call& call, const gen::GetEventLogParams& params) {
  Select select(kLogColumns, kLogTables);
  select.where("e.id = ?", {params.event_log_id});
  only_readable(select, call, "e.dag_id");
  const auto rows = select.rows(call.db());
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
