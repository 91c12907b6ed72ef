#pragma once

#include <string_view>
#include <unordered_map>

#include "auth/sealer.hpp"
#include "base/metrics.hpp"
#include "engine/engine.hpp"
#include "tasks/answer.hpp"
#include "tasks/caller_lines.hpp"
#include "tasks/patience.hpp"
#include "tasks/request.hpp"
#include "tasks/secret_rights.hpp"

namespace leoflow::tasks {

/// Answers what tasks and DAG files being parsed ask. Thread safe. What one caller
/// changes is stored in the order it was asked for, even before the replies.
class TaskService {
 public:
  /// @param max_map_length  most items of a value that something is mapped over ([core] max_map_length).
  TaskService(store::Database& database, engine::Engine& engine, const auth::Sealer& sealer,
              const Clock& clock, std::int64_t max_map_length = 1024,
              SecretScope scope = SecretScope::permissive);
  ~TaskService();
  TaskService(const TaskService&) = delete;
  TaskService& operator=(const TaskService&) = delete;

  /// @param body JSON of the SDK's request, with its "type".
  /// A change is durable before the reply, which waits for a database that is away.
  void handle(const Caller& caller, std::string body, Reply reply);
  /// Requests that wait for the database get no reply any more. Safe to call twice.
  void stop() { patience_.stop(); }

  /// The arguments of a trigger, as `defer` sealed them.
  std::string open_kwargs(const std::string& sealed) const;

  /// How often each was asked.
  const std::unordered_map<std::string_view, metrics::Counter>& asked() const { return asked_; }

 private:
  using Handler = void (TaskService::*)(const Caller&, const json::value&, const Reply&);

  void serve(const Caller& caller, const std::string& body, const Reply& reply);
  void dispatch(const Caller& caller, const std::string& body, const Reply& reply);
  /// Posts a write and answers once it is durable, or an error if the database refuses it.
  /// @param decide  what the scheduler is told in the same pass
  void write(std::function<void(store::Session&)> work, const Reply& reply, Answer written = done(),
             std::function<void(engine::Deciding&)> decide = {});
  void note_map_index(const Caller& caller, const json::value& request);
  /// Answers a report about the attempt itself.
  static std::function<void(bool)> accepted(const Reply& reply);
  void report(const Caller& caller, scheduler::Outcome outcome, const json::value& request,
              const Reply& reply);

  // attempts.cpp
  void run_task(const Caller& caller, const json::value& request, const Reply& reply);
  void heartbeat(const Caller& caller, const json::value& request, const Reply& reply);
  // states.cpp
  void succeed(const Caller& caller, const json::value& request, const Reply& reply);
  void retry(const Caller& caller, const json::value& request, const Reply& reply);
  void reschedule(const Caller& caller, const json::value& request, const Reply& reply);
  void defer(const Caller& caller, const json::value& request, const Reply& reply);
  void set_terminal_state(const Caller& caller, const json::value& request, const Reply& reply);
  void skip_downstream(const Caller& caller, const json::value& request, const Reply& reply);
  void set_rendered_fields(const Caller& caller, const json::value& request, const Reply& reply);
  void set_rendered_map_index(const Caller& caller, const json::value& request, const Reply& reply);
  // xcoms.cpp
  void get_xcom(const Caller& caller, const json::value& request, const Reply& reply);
  void get_xcom_count(const Caller& caller, const json::value& request, const Reply& reply);
  void get_xcom_item(const Caller& caller, const json::value& request, const Reply& reply);
  void get_xcom_slice(const Caller& caller, const json::value& request, const Reply& reply);
  void set_xcom(const Caller& caller, const json::value& request, const Reply& reply);
  void delete_xcom(const Caller& caller, const json::value& request, const Reply& reply);
  // secrets.cpp
  /// Whether the caller may have it; where that depends on what is declared, it is written down who asked.
  bool admit_to(SecretKind kind, const std::string& name, std::string_view event, const Caller& caller);
  // variables.cpp
  void get_variable(const Caller& caller, const json::value& request, const Reply& reply);
  void get_variable_keys(const Caller& caller, const json::value& request, const Reply& reply);
  void put_variable(const Caller& caller, const json::value& request, const Reply& reply);
  void delete_variable(const Caller& caller, const json::value& request, const Reply& reply);
  // connections.cpp
  void get_connection(const Caller& caller, const json::value& request, const Reply& reply);
  // dag_runs.cpp
  void get_dag(const Caller& caller, const json::value& request, const Reply& reply);
  void get_dag_run(const Caller& caller, const json::value& request, const Reply& reply);
  void get_dag_run_state(const Caller& caller, const json::value& request, const Reply& reply);
  void get_dag_run_count(const Caller& caller, const json::value& request, const Reply& reply);
  void get_previous_dag_run(const Caller& caller, const json::value& request, const Reply& reply);
  void get_previous_successful_dag_run(const Caller& caller, const json::value& request, const Reply& reply);
  void trigger_dag_run(const Caller& caller, const json::value& request, const Reply& reply);
  void clear_dag_run(const Caller& caller, const json::value& request, const Reply& reply);
  /// Whether the run that a task wants was triggered, or cleared, since the task began.
  bool has_begun_run(const Caller& caller, const json::value& request);
  std::optional<std::string> user_of_run(const Caller& caller);
  Result<void> clear_run(const std::string& dag_id, const std::string& run_id);
  // task_instances.cpp
  void get_task_count(const Caller& caller, const json::value& request, const Reply& reply);
  void get_task_states(const Caller& caller, const json::value& request, const Reply& reply);
  void get_breadcrumbs(const Caller& caller, const json::value& request, const Reply& reply);
  void get_previous_task(const Caller& caller, const json::value& request, const Reply& reply);
  void get_reschedule_start(const Caller& caller, const json::value& request, const Reply& reply);
  // human_input.cpp
  void ask_people(const Caller& caller, const json::value& request, const Reply& reply);
  void await_input(const Caller& caller, const json::value& request, const Reply& reply);
  void get_input(const Caller& caller, const json::value& request, const Reply& reply);
  void put_input(const Caller& caller, const json::value& request, const Reply& reply);
  // state_stores.cpp
  void get_task_state_store(const Caller& caller, const json::value& request, const Reply& reply);
  void set_task_state_store(const Caller& caller, const json::value& request, const Reply& reply);
  void delete_task_state_store(const Caller& caller, const json::value& request, const Reply& reply);
  void get_asset_state_store(const Caller& caller, const json::value& request, const Reply& reply);
  void set_asset_state_store(const Caller& caller, const json::value& request, const Reply& reply);
  void delete_asset_state_store(const Caller& caller, const json::value& request, const Reply& reply);
  // assets.cpp
  void get_asset(const Caller& caller, const json::value& request, const Reply& reply);
  void get_assets_by_alias(const Caller& caller, const json::value& request, const Reply& reply);
  void get_asset_events(const Caller& caller, const json::value& request, const Reply& reply);
  void get_alias_events(const Caller& caller, const json::value& request, const Reply& reply);
  void validate_assets(const Caller& caller, const json::value& request, const Reply& reply);

  static const std::unordered_map<std::string_view, Handler>& handlers();

  store::Database& database_;
  engine::Engine& engine_;
  const auth::Sealer& sealer_;
  const Clock& clock_;
  const std::int64_t max_map_length_;
  const SecretScope scope_;
  std::unordered_map<std::string_view, metrics::Counter>
      asked_;  ///< its keys are constant after construction
  Patience patience_;
  CallerLines lines_{2};
};

/// The assets in a SucceedTask.
engine::OutletReport read_outlets(const json::value& request);

}  // namespace leoflow::tasks
