#include "tasks/task_service.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <memory>

#include "base/log.hpp"

namespace leoflow::tasks {

TaskService::TaskService(store::Database& database, engine::Engine& engine, const auth::Sealer& sealer,
                         const Clock& clock, std::int64_t max_map_length, SecretScope scope)
    : database_(database),
      engine_(engine),
      sealer_(sealer),
      clock_(clock),
      max_map_length_(max_map_length),
      scope_(scope),
      patience_(database) {
  for (const auto& [type, handler] : handlers()) asked_[type];
}

TaskService::~TaskService() {
  stop();
}

const std::unordered_map<std::string_view, TaskService::Handler>& TaskService::handlers() {
  static const std::unordered_map<std::string_view, Handler> kHandlers = {
      // Not of the SDK's protocol: of workers that have no agent, over HTTP.
      {"RunTask", &TaskService::run_task},
      {"Heartbeat", &TaskService::heartbeat},
      {"ClearDagRun", &TaskService::clear_dag_run},
      {"SucceedTask", &TaskService::succeed},
      {"RetryTask", &TaskService::retry},
      {"DeferTask", &TaskService::defer},
      {"CreateHITLDetailPayload", &TaskService::ask_people},
      {"AwaitInputTask", &TaskService::await_input},
      {"GetHITLDetailResponse", &TaskService::get_input},
      {"UpdateHITLDetail", &TaskService::put_input},
      {"RescheduleTask", &TaskService::reschedule},
      {"TaskState", &TaskService::set_terminal_state},
      {"SkipDownstreamTasks", &TaskService::skip_downstream},
      {"SetRenderedFields", &TaskService::set_rendered_fields},
      {"SetRenderedMapIndex", &TaskService::set_rendered_map_index},
      {"GetXCom", &TaskService::get_xcom},
      {"GetXComCount", &TaskService::get_xcom_count},
      {"GetXComSequenceItem", &TaskService::get_xcom_item},
      {"GetXComSequenceSlice", &TaskService::get_xcom_slice},
      {"SetXCom", &TaskService::set_xcom},
      {"DeleteXCom", &TaskService::delete_xcom},
      {"GetVariable", &TaskService::get_variable},
      {"GetVariableKeys", &TaskService::get_variable_keys},
      {"PutVariable", &TaskService::put_variable},
      {"DeleteVariable", &TaskService::delete_variable},
      {"GetConnection", &TaskService::get_connection},
      {"GetDag", &TaskService::get_dag},
      {"GetDagRun", &TaskService::get_dag_run},
      {"GetDagRunState", &TaskService::get_dag_run_state},
      {"GetDRCount", &TaskService::get_dag_run_count},
      {"GetPreviousDagRun", &TaskService::get_previous_dag_run},
      {"GetPrevSuccessfulDagRun", &TaskService::get_previous_successful_dag_run},
      {"TriggerDagRun", &TaskService::trigger_dag_run},
      {"GetTICount", &TaskService::get_task_count},
      {"GetTaskStates", &TaskService::get_task_states},
      {"GetTaskBreadcrumbs", &TaskService::get_breadcrumbs},
      {"GetPreviousTI", &TaskService::get_previous_task},
      {"GetTaskRescheduleStartDate", &TaskService::get_reschedule_start},
      {"GetTaskStateStore", &TaskService::get_task_state_store},
      {"SetTaskStateStore", &TaskService::set_task_state_store},
      {"DeleteTaskStateStore", &TaskService::delete_task_state_store},
      {"ClearTaskStateStore", &TaskService::delete_task_state_store},
      {"GetAssetStateStoreByName", &TaskService::get_asset_state_store},
      {"GetAssetStateStoreByUri", &TaskService::get_asset_state_store},
      {"SetAssetStateStoreByName", &TaskService::set_asset_state_store},
      {"SetAssetStateStoreByUri", &TaskService::set_asset_state_store},
      {"DeleteAssetStateStoreByName", &TaskService::delete_asset_state_store},
      {"DeleteAssetStateStoreByUri", &TaskService::delete_asset_state_store},
      {"ClearAssetStateStoreByName", &TaskService::delete_asset_state_store},
      {"ClearAssetStateStoreByUri", &TaskService::delete_asset_state_store},
      {"GetAssetByName", &TaskService::get_asset},
      {"GetAssetByUri", &TaskService::get_asset},
      {"GetAssetsByAlias", &TaskService::get_assets_by_alias},
      {"GetAssetEventByAsset", &TaskService::get_asset_events},
      {"GetAssetEventByAssetAlias", &TaskService::get_alias_events},
      {"ValidateInletsAndOutlets", &TaskService::validate_assets},
  };
  return kHandlers;
}

void TaskService::handle(const Caller& caller, std::string body, Reply reply) {
  lines_.post(caller.line(), [this, caller, body = std::move(body), reply = std::move(reply)] {
    serve(caller, body, reply);
  });
}

void TaskService::serve(const Caller& caller, const std::string& body, const Reply& reply) {
  // A database that answers, but never this, is not waited for without end: others wait behind it.
  constexpr int kMostTries = 5;
  for (int tries = 1;; ++tries) {
    try {
      return dispatch(caller, body, reply);
    } catch (const std::exception& error) {
      const bool is_away = dynamic_cast<const store::Unavailable*>(&error) != nullptr &&
                           dynamic_cast<const store::TooSlow*>(&error) == nullptr;
      if (!is_away || tries == kMostTries) {
        // What the database said is for the log, not for the task.
        log::error("a task's request failed: {}", error.what());
        return reply(refused(500, "the request failed; the server's log says why"));
      }
      log::warning("a task's request waits for the database: {}", error.what());
    }
    // Handlers read before they write. The SDK takes an error for a variable that is not there.
    if (!patience_.wait()) return;
  }
}

namespace {

/// No index of the database takes names without bounds. Source of these: Airflow's tables.
Result<void> check_names(const json::value& request) {
  static constexpr std::pair<std::string_view, std::size_t> kLongest[] = {
      {"dag_id", 250}, {"run_id", 250}, {"task_id", 250}, {"key", 512}};
  for (const auto& [name, most] : kLongest) {
    const json::value* value = find(request, name);
    const json::string* text = value == nullptr ? nullptr : value->if_string();
    if (text == nullptr || text->size() <= most) continue;
    return fail(ErrorCode::unprocessable,
                fmt::format("{} has {} bytes, at most {} are possible: '{}...'", name, text->size(), most,
                            to_valid_utf8(std::string_view(*text).substr(0, 50))));
  }
  return {};
}

}  // namespace

void TaskService::dispatch(const Caller& caller, const std::string& body, const Reply& reply) {
  const auto request = parse_json(body);
  if (!request) return reply(refused(request.error()));
  const std::string type = get_text(*request, "type");
  const auto found = handlers().find(type);
  if (found == handlers().end()) return reply(refused(501, fmt::format("{} is not supported yet", type)));
  if (const auto good = check_names(*request); !good) return reply(refused(good.error()));
  asked_.find(found->first)->second.add();
  (this->*found->second)(caller, *request, reply);
}

void TaskService::write(std::function<void(store::Session&)> work, const Reply& reply, Answer written,
                        std::function<void(engine::Deciding&)> decide) {
  engine::Item item;
  item.decide = std::move(decide);
  item.record = std::move(work);
  item.done = [reply, written = std::move(written)] { reply(written); };
  item.refused = [reply] { reply(refused(500, "the write failed; the server's log says why")); };
  if (!engine_.post(std::move(item))) reply(refused(503, "the engine does not run here now; try again"));
}

}  // namespace leoflow::tasks
