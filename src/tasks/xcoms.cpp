#include <algorithm>
#include <fmt/format.h>

#include "engine/xcom_rows.hpp"
#include "tasks/task_service.hpp"

// Values that tasks leave for each other.
namespace leoflow::tasks {
namespace {

constexpr std::string_view kDelete =
    "DELETE FROM xcom WHERE dag_id = $1 AND run_id = $2 AND task_id = $3 AND map_index = $4 AND key = $5";

// The newest of the run itself and those before it, by logical date.
constexpr std::string_view kGetWithPriorDates =
    "SELECT x.value FROM xcom x JOIN dag_run r ON r.dag_id = x.dag_id AND r.run_id = x.run_id"
    " JOIN dag_run mine ON mine.dag_id = $1 AND mine.run_id = $2"
    " WHERE x.dag_id = $1 AND x.task_id = $3 AND x.map_index = $4 AND x.key = $5"
    " AND (x.run_id = $2 OR r.logical_date <= mine.logical_date)"
    " ORDER BY r.logical_date DESC, x.created_at DESC LIMIT 1";

constexpr std::string_view kGet =
    "SELECT value FROM xcom WHERE dag_id = $1 AND run_id = $2 AND task_id = $3 AND map_index = $4 AND key = "
    "$5";

constexpr std::string_view kGetAll =
    "SELECT value FROM xcom WHERE dag_id = $1 AND run_id = $2 AND task_id = $3 AND key = $4 ORDER BY "
    "map_index";

constexpr std::string_view kGetAllWithPriorDates =
    "SELECT x.value FROM xcom x JOIN dag_run r ON r.dag_id = x.dag_id AND r.run_id = x.run_id"
    " JOIN dag_run mine ON mine.dag_id = $1 AND mine.run_id = $2"
    " WHERE x.dag_id = $1 AND x.task_id = $3 AND x.key = $4"
    " AND (x.run_id = $2 OR r.logical_date <= mine.logical_date) ORDER BY x.map_index, r.logical_date DESC";

store::Params place(const json::value& request) {
  return {get_text(request, "dag_id"), get_text(request, "run_id"), get_text(request, "task_id"),
          get_integer(request, "map_index", -1), get_text(request, "key")};
}

json::value parse_stored(const std::string& text) {
  auto value = parse_json(text);
  if (!value) throw Fatal("an XCom in the store is not JSON");
  return std::move(*value);
}

json::array all_values(store::Session& session, const json::value& request) {
  json::array out;
  const bool with_prior_dates = get_bool(request, "include_prior_dates", false);
  const store::Rows rows = session.query(with_prior_dates ? kGetAllWithPriorDates : kGetAll,
                                         {get_text(request, "dag_id"), get_text(request, "run_id"),
                                          get_text(request, "task_id"), get_text(request, "key")});
  for (const store::Row row : rows) out.push_back(parse_stored(row.text(0)));
  return out;
}

bool is_mapped_over(const json::value& request) {
  return find_integer(request, "mapped_length").has_value();
}

/// What the scheduler has to know of it.
scheduler::PushedXcom pushed_xcom(const json::value& request) {
  scheduler::PushedXcom pushed;
  const std::string key = get_text(request, "key");
  const json::value* value = find(request, "value");
  if (key == "return_value") {
    // Of an instance of a mapped task it only counts that it returned something.
    pushed.map_length = static_cast<std::int32_t>(get_integer(request, "mapped_length", 0));
  }
  if (key == scheduler::kSkipKey && value != nullptr) pushed.skips = scheduler::read_skips(*value);
  return pushed;
}

Answer not_found(const json::value& request) {
  return missing("XCOM_NOT_FOUND", {{"dag_id", get_text(request, "dag_id")},
                                    {"run_id", get_text(request, "run_id")},
                                    {"task_id", get_text(request, "task_id")},
                                    {"key", get_text(request, "key")}});
}

/// Python's slice(start, stop, step) of a list.
json::array slice(const json::array& values, std::optional<std::int64_t> start,
                  std::optional<std::int64_t> stop, std::int64_t step) {
  const auto size = static_cast<std::int64_t>(values.size());
  const auto clamp = [&](std::int64_t at, std::int64_t low, std::int64_t high) {
    return std::clamp(at < 0 ? at + size : at, low, high);
  };
  json::array out;
  if (step > 0) {
    const std::int64_t last = stop ? clamp(*stop, 0, size) : size;
    for (std::int64_t i = start ? clamp(*start, 0, size) : 0; i < last; i += step) {
      out.push_back(values[static_cast<std::size_t>(i)]);
    }
  } else {
    const std::int64_t last = stop ? clamp(*stop, -1, size - 1) : -1;
    for (std::int64_t i = start ? clamp(*start, -1, size - 1) : size - 1; i > last; i += step) {
      out.push_back(values[static_cast<std::size_t>(i)]);
    }
  }
  return out;
}

}  // namespace

void TaskService::get_xcom(const Caller&, const json::value& request, const Reply& reply) {
  const auto session = database_.read();
  const std::string_view sql = get_bool(request, "include_prior_dates", false) ? kGetWithPriorDates : kGet;
  const store::Rows rows = session->query(sql, place(request));
  json::object fields;
  fields["key"] = get_text(request, "key");
  fields["value"] = rows.empty() ? json::value(nullptr) : parse_stored(rows[0].text(0));
  Answer answer = result("XComResult", std::move(fields));
  answer.is_absent = rows.empty();
  reply(std::move(answer));
}

void TaskService::get_xcom_count(const Caller&, const json::value& request, const Reply& reply) {
  const auto session = database_.read();
  reply(result("XComCountResponse", {{"len", all_values(*session, request).size()}}));
}

void TaskService::get_xcom_item(const Caller&, const json::value& request, const Reply& reply) {
  const auto session = database_.read();
  json::array values = all_values(*session, request);
  std::int64_t offset = get_integer(request, "offset", 0);
  if (offset < 0) offset += static_cast<std::int64_t>(values.size());
  if (offset < 0 || offset >= static_cast<std::int64_t>(values.size())) return reply(not_found(request));
  reply(result("XComSequenceIndexResult", {{"root", std::move(values[static_cast<std::size_t>(offset)])}}));
}

void TaskService::get_xcom_slice(const Caller&, const json::value& request, const Reply& reply) {
  const std::int64_t step = find_integer(request, "step").value_or(1);
  if (step == 0) return reply(refused(400, "slice step cannot be zero"));
  const auto session = database_.read();
  reply(result("XComSequenceSliceResult",
               {{"root", slice(all_values(*session, request), find_integer(request, "start"),
                               find_integer(request, "stop"), step)}}));
}

void TaskService::set_xcom(const Caller& caller, const json::value& request, const Reply& reply) {
  if (caller.attempt.is_nil()) return reply(refused(403, "a DAG file cannot write XComs while it is parsed"));
  const json::value* value = find(request, "value");
  const store::Params where = place(request);
  store::Params params = where;
  params.emplace_back(value == nullptr ? "null" : json::serialize(*value));
  params.emplace_back(clock_.now());
  scheduler::PushedXcom pushed = pushed_xcom(request);
  if (pushed.map_length && *pushed.map_length > max_map_length_ && is_mapped_over(request)) {
    return reply(refused(400,
                         fmt::format("unmappable return value length: {} > {} (max_map_length)",
                                     *pushed.map_length, max_map_length_),
                         {{"reason", "unmappable_return_value_length"}}));
  }
  write(
      [where, params = std::move(params),
       is_result = get_bool(request, "dag_result", false)](store::Session& session) {
        session.execute(engine::kPutXcom, params);
        if (is_result) session.execute(engine::kMarkAsResult, where);
      },
      reply, done(),
      [attempt = caller.attempt, pushed = std::move(pushed)](engine::Deciding& d) {
        d.scheduler.note_pushed(attempt, pushed);
      });
}

void TaskService::delete_xcom(const Caller& caller, const json::value& request, const Reply& reply) {
  if (caller.attempt.is_nil())
    return reply(refused(403, "a DAG file cannot delete XComs while it is parsed"));
  write([params = place(request)](store::Session& session) { session.execute(kDelete, params); }, reply);
}

}  // namespace leoflow::tasks
