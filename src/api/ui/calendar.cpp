#include <fmt/format.h>
#include <map>

#include "api/core/dag_rows.hpp"
#include "api/core/select.hpp"
#include "api/resources.hpp"
#include "dag/encoded.hpp"
#include "dag/timetable.hpp"

// How many runs a DAG had by day or hour, and how many are planned for the rest of the year.
// Source: Airflow 3.3.2, CalendarService.
namespace leoflow::api {

namespace {

constexpr int kMostPlanned = 2000;
constexpr std::string_view kDate = "COALESCE(r.partition_date, r.logical_date, r.run_after)";

/// What the newest group of runs tells of the last one.
struct LastRun {
  std::optional<Time> interval_start;
  std::optional<Time> interval_end;
  std::optional<Time> run_after;
  std::optional<Time> partition_date;
};

bool contains(const Range<Time>& range, Time time) {
  return (!range.gte || time >= *range.gte) && (!range.gt || time > *range.gt) &&
         (!range.lte || time <= *range.lte) && (!range.lt || time < *range.lt);
}

std::chrono::year year_of(Time time) {
  return std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(time)).year();
}

/// Calls `plan` with the dates of the runs to come, until it returns false or there are enough.
template <typename Plan>
void each_planned(const dag::Timetable& timetable, const LastRun& last, const dag::Restriction& restriction,
                  Time now, const Plan& plan) {
  if (!timetable.partitioned() && timetable.tick_after(*last.interval_end)) {
    std::optional<Time> at = last.interval_end;
    for (int i = 0; i < kMostPlanned; ++i) {
      at = timetable.tick_after(*at);
      if (!at || (restriction.latest && *at > *restriction.latest) || !plan(*at)) return;
    }
    return;
  }
  dag::RunInfo before;
  before.run_after = timetable.partitioned() ? *last.run_after : *last.interval_end;
  if (timetable.partitioned()) {
    before.partition_date = last.partition_date;
  } else {
    before.interval = dag::DataInterval{*last.interval_start, *last.interval_end};
  }
  for (int i = 0; i < kMostPlanned; ++i) {
    const auto next = timetable.next(before, restriction, now);
    if (!next || next->run_after <= before.run_after) return;
    const auto date = next->partition_date ? next->partition_date : next->logical_date();
    if (!date || !plan(*date)) return;
    before = *next;
  }
}

/// The number of planned runs by the start of their day or hour.
std::map<Time, std::int64_t> planned_runs(Call& call, const DagView& view, const LastRun& last,
                                          const Range<Time>& range, Duration bucket) {
  const json::value* encoded = find(view.dag(), "timetable");
  if (encoded == nullptr) return {};
  const auto read = dag::read_timetable(*encoded);
  // What only Python can evaluate is not asked two thousand times for a page.
  if (!read || !(*read)->periodic() || (*read)->python() != nullptr) return {};
  const dag::Timetable& timetable = **read;
  const bool goes_on = timetable.partitioned() ? last.run_after && last.partition_date
                                               : last.interval_start && last.interval_end;
  if (!goes_on) return {};
  const auto year = year_of(timetable.partitioned() ? *last.partition_date : *last.interval_end);
  const dag::Restriction restriction{dag::find_date(view.dag(), "start_date"),
                                     dag::find_date(view.dag(), "end_date"), false};
  std::map<Time, std::int64_t> planned;
  each_planned(timetable, last, restriction, call.now(), [&](Time date) {
    if (year_of(date) != year) return false;
    if (contains(range, date)) planned[from_micros(to_micros(date) / bucket.count() * bucket.count())] += 1;
    return true;
  });
  return planned;
}

Result<Answer> get_calendar(Call& call, const gen::GetCalendarParams& params) {
  const auto view = call.api.dags.current(call.db(), params.dag_id);
  if (!view) {
    return fail(ErrorCode::not_found, fmt::format("The Dag with ID: `{}` was not found", params.dag_id));
  }
  const Duration bucket =
      params.granularity == "hourly" ? Duration(std::chrono::hours(1)) : std::chrono::hours(24);
  Range<Time> range = LEOFLOW_RANGE(params, partition_date);
  std::string_view date = "r.partition_date";
  if (!range.gte && !range.gt && !range.lte && !range.lt) {
    range = LEOFLOW_RANGE(params, logical_date);
    date = "COALESCE(r.logical_date, r.run_after)";
  }
  const std::string columns = fmt::format(
      "({} / {}) AS slot, r.state, COUNT(*), MAX(r.data_interval_start), MAX(r.data_interval_end), "
      "MAX(r.run_after), MAX(r.partition_date)",
      kDate, bucket.count());
  Select select(columns, "dag_run r");
  select.where("r.dag_id = ?", {params.dag_id}).range(date, range);
  gen::CalendarTimeRangeCollectionResponse list;
  LastRun last;
  for (const store::Row row : select.group("slot, r.state").order_sql("slot, r.state").rows(call.db())) {
    auto& slot = list.dag_runs.emplace_back();
    slot.date = from_micros(row.integer(0) * bucket.count());
    slot.state = row.text(1);
    slot.count = row.integer(2);
    last = {row.find_time(3), row.find_time(4), row.find_time(5), row.find_time(6)};
  }
  for (const auto& [start, count] : planned_runs(call, *view, last, range, bucket)) {
    auto& slot = list.dag_runs.emplace_back();
    slot.date = start;
    slot.state = "planned";
    slot.count = count;
  }
  list.total_entries = static_cast<std::int64_t>(list.dag_runs.size());
  return ok(list);
}

}  // namespace

void bind_ui_calendar(Registry& registry) {
  registry.bind<op::get_calendar>(get_calendar);
}

}  // namespace leoflow::api
