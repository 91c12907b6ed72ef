#pragma once

#include <future>
#include <gtest/gtest.h>
#include <string>

#include "api/execution/execution_api.hpp"
#include "engine/remembering_runner.hpp"
#include "store/temporary_database.hpp"

/// For tests: the Task Execution API over a real engine and store, with a runner that only remembers.
namespace leoflow::api::execution {

/// One run `r` of the DAG `d`, whose task `t` (one retry) is queued.
class ExecutionTest : public testing::Test {
 protected:
  ExecutionTest() {
    engine_.start();
    engine::ParsedFile file;
    file.bundle_name = "b";
    file.relative_fileloc = "d.py";
    file.serialized_dags.push_back(*parse_json(kDag));
    std::promise<void> stored;
    engine_.put_file(std::move(file), [&] { stored.set_value(); });
    stored.get_future().get();
    engine::TriggerRun command;
    command.dag_id = "d";
    command.run_id = "r";
    EXPECT_TRUE(engine_.trigger_run(command));
    task_ = runner_.started.get_future().get().id;
    token_ = token(auth::TaskScope::execution);
  }
  ~ExecutionTest() override { engine_.stop(); }

  std::string token(auth::TaskScope scope) const { return tokens_.issue(task_, scope, clock_.now()); }
  std::string own(std::string_view rest) const {
    return "/execution/task-instances/" + task_.text() + std::string(rest);
  }
  /// @param headers  instead of the token's.
  http::Response call(std::string_view method, std::string_view target, std::string body = "",
                      std::optional<http::Headers> headers = std::nullopt) {
    http::Request request;
    request.method = method;
    http::parse_target(target, request);
    request.headers = headers.value_or(http::Headers{{"authorization", "Bearer " + token_}});
    if (!request.headers.contains("content-type"))
      request.headers.emplace("content-type", "application/json");
    request.body = std::move(body);
    return api_.handle(request);
  }
  http::Response call_as(std::string_view version, std::string_view method, std::string_view target,
                         std::string body = "") {
    return call(
        method, target, std::move(body),
        http::Headers{{"authorization", "Bearer " + token_}, {"airflow-api-version", std::string(version)}});
  }
  static json::value body_of(const http::Response& response) {
    return parse_json(response.body).value_or(json::value("no JSON: " + response.body));
  }
  static std::string reason_of(const http::Response& response) {
    const json::value body = body_of(response);
    const json::value* detail = find(body, "detail");
    return detail == nullptr ? response.body : get_text(*detail, "reason", response.body);
  }
  static std::string header_of(const http::Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return "";
  }
  http::Response begin(int pid = 7) {
    return call("PATCH", own("/run"),
                R"({"state":"running","hostname":"h","unixname":"u","pid":)" + std::to_string(pid) +
                    R"(,"start_date":"2026-01-01T00:00:00Z"})");
  }
  http::Response end(std::string_view state) {
    return call("PATCH", own("/state"),
                R"({"state":")" + std::string(state) + R"(","end_date":"2026-01-01T00:00:00Z"})");
  }
  /// Of the task's row, whatever its id is now.
  std::string state() {
    return database_->read()
        ->query("SELECT state FROM task_instance WHERE task_id = 't'", {})[0]
        .find_text(0)
        .value_or("");
  }

  static constexpr const char* kDag =
      R"({"__version":3,"dag":{"dag_id":"d","is_paused_upon_creation":false,
      "timetable":{"__type":"airflow.timetables.simple.NullTimetable","__var":{}},
      "tasks":[{"__type":"operator","__var":{"task_id":"t","retries":1,"downstream_task_ids":["next"]}},
               {"__type":"operator","__var":{"task_id":"next"}}]}})";
  static constexpr std::string_view kXcom = "/execution/xcoms/d/r/t/k/with/slashes";

  SystemClock clock_;
  store::TemporaryDatabase database_;
  engine::RememberingRunner runner_;
  engine::Engine engine_{*database_, clock_, runner_, [](const std::string&, const std::string&) {}};
  auth::Sealer sealer_{std::string(32, 's')};
  tasks::TaskService service_{*database_, engine_, sealer_, clock_};
  auth::TaskTokens tokens_{auth::fixed_jwt(std::string(64, 's'))};
  ExecutionApi api_{{*database_, service_, tokens_, clock_}};
  Uuid task_;
  std::string token_;
};

}  // namespace leoflow::api::execution
