#include <fmt/core.h>
#include <map>

#include "api/core/select.hpp"
#include "api/resources.hpp"

// Links that operators give their task instances. A task leaves each of them as an XCom when it ends.
namespace leoflow::api {

namespace {

std::optional<std::string> link_from(const std::string& stored) {
  const json::value value = parse_json(stored).value_or(nullptr);
  if (value.is_null()) return std::nullopt;
  std::string link = value.is_string() ? std::string(value.get_string()) : json::serialize(value);
  return link.empty() ? std::nullopt : std::optional(std::move(link));
}

bool has_try(Call& call, const gen::GetExtraLinksParams& params) {
  return !call.query(
                  "SELECT 1 FROM task_instance_history WHERE dag_id = $1 AND run_id = $2 AND task_id = $3 "
                  "AND map_index = $4 AND try_number = $5",
                  {params.dag_id, params.dag_run_id, params.task_id, params.map_index, *params.try_number})
              .empty();
}

// Past tries show the links of the newest one, as in Airflow: there is one XCom of each key.
Result<Answer> get_extra_links(Call& call, const gen::GetExtraLinksParams& params) {
  const store::Rows rows = call.query(
      "SELECT dag_version_id, try_number FROM task_instance WHERE dag_id = $1 AND run_id = $2 "
      "AND task_id = $3 AND map_index = $4",
      {params.dag_id, params.dag_run_id, params.task_id, params.map_index});
  if (rows.empty()) return fail(ErrorCode::not_found, "TaskInstance not found");
  const auto dag = call.api.dags.by_version_id(call.db(), rows[0].text(0));
  const TaskView* task = dag ? dag->find_task(params.task_id) : nullptr;
  if (task == nullptr) {
    return fail(ErrorCode::not_found, fmt::format("Task with ID = {} not found", params.task_id));
  }
  if (params.try_number && *params.try_number != rows[0].integer(1) && !has_try(call, params)) {
    return fail(ErrorCode::not_found,
                fmt::format("TaskInstanceHistory not found for try_number={}", *params.try_number));
  }
  const std::map<std::string, std::string> keys = task->extra_links();
  std::map<std::string, std::optional<std::string>> links;  // by key
  if (!keys.empty()) {
    std::vector<std::string> wanted;
    for (const auto& [name, key] : keys) wanted.push_back(key);
    Select select("key, value", "xcom");
    select.where("dag_id = ? AND run_id = ? AND task_id = ? AND map_index = ?",
                 {params.dag_id, params.dag_run_id, params.task_id, params.map_index});
    for (const store::Row row : select.in("key", wanted).rows(call.db())) {
      links[row.text(0)] = link_from(row.text(1));
    }
  }
  gen::ExtraLinkCollectionResponse answer;
  json::object& shown = answer.extra_links.emplace_object();
  for (const auto& [name, key] : keys) {
    const auto& link = links[key];
    shown[name] = link ? json::value(*link) : json::value(nullptr);
  }
  answer.total_entries = static_cast<std::int64_t>(shown.size());
  return ok(answer);
}

}  // namespace

void bind_extra_links(Registry& registry) {
  registry.bind<op::get_extra_links>(get_extra_links);
}

}  // namespace leoflow::api
