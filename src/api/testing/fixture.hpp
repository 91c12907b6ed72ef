#pragma once

#include <filesystem>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "api/api.hpp"
#include "auth/users.hpp"
#include "store/temporary_database.hpp"

/// For tests: an Api over a seeded SQLite database and an engine that only remembers.
namespace leoflow::api {

/// Remembers what it was asked; writes go to the database at once.
class FakeCommands final : public engine::Commands {
 public:
  explicit FakeCommands(store::Database& database) : database_(database) {}

  Result<std::string> trigger_run(engine::TriggerRun command) override;
  Result<void> clear_tasks(engine::ClearTasks command) override {
    return cleared.push_back(std::move(command)), Result<void>{};
  }
  Result<void> mark_tasks(engine::MarkTasks command) override {
    return marked.push_back(std::move(command)), Result<void>{};
  }
  Result<void> mark_run(engine::MarkRun command) override {
    return marked_runs.push_back(std::move(command)), Result<void>{};
  }
  Result<void> delete_run(std::string, std::string run_id) override {
    return deleted.push_back(run_id), Result<void>{};
  }
  Result<void> forget_partitions(std::string, std::vector<std::string> run_ids) override {
    return unpartitioned.insert(unpartitioned.end(), run_ids.begin(), run_ids.end()), Result<void>{};
  }
  Result<void> delete_task(std::string, engine::TaskKey task) override {
    return deleted.push_back(task.task_id), Result<void>{};
  }
  Result<void> set_paused(std::string dag_id, bool paused) override;
  Result<void> delete_dag(std::string dag_id) override { return deleted.push_back(dag_id), Result<void>{}; }
  Result<void> reparse(std::string dag_id) override { return reparsed.push_back(dag_id), Result<void>{}; }
  Result<engine::RegisteredVersion> register_project(engine::RegisterProject command) override {
    registered.push_back(std::move(command));
    return registration;
  }
  void pools_changed() override { ++pool_changes; }
  Result<std::int64_t> create_backfill(engine::CreateBackfill) override { return 1; }
  Result<std::vector<dag::RunInfo>> plan_backfill(engine::CreateBackfill) override {
    return std::vector<dag::RunInfo>{};
  }
  Result<void> change_backfill(std::int64_t, engine::BackfillChange) override { return {}; }
  Result<void> answer_input(engine::AnswerInput answer) override {
    return answers.push_back(std::move(answer)), Result<void>{};
  }
  Result<std::vector<scheduler::Blocker>> explain(std::string, engine::TaskKey) override { return blockers; }
  Result<void> change_asset(engine::ChangeAsset command) override;
  Result<void> forget_queued_assets(std::string dag_id, std::optional<dag::AssetKey> asset) override {
    return deleted.push_back(dag_id + (asset ? "/" + asset->name : "")), Result<void>{};
  }
  Result<json::value> ask_python(json::object) override {
    ++questions;
    return told;
  }
  void ask_python(json::object, std::function<void(const Result<json::value>&)> then) override {
    ++questions;
    if (!silent) then(told);
  }
  Result<void> write(std::function<Result<void>(store::Session&)> work) override;
  void write_later(std::function<Result<void>(store::Session&)> work) override {
    write(std::move(work)).value();
  }

  std::vector<engine::TriggerRun> triggered;
  std::vector<engine::ClearTasks> cleared;
  std::vector<engine::MarkTasks> marked;
  std::vector<engine::MarkRun> marked_runs;
  std::vector<engine::ChangeAsset> changed_assets;
  std::vector<engine::AnswerInput> answers;
  std::vector<engine::RegisterProject> registered;
  Result<engine::RegisteredVersion> registration;  ///< what registering comes to
  std::vector<scheduler::Blocker> blockers;
  std::vector<std::string> deleted;
  std::vector<std::string> reparsed;
  std::vector<std::string> unpartitioned;
  int pool_changes = 0;
  int questions = 0;
  Result<json::value> told = json::array();  ///< by Python
  bool silent = false;                       ///< Python does not answer those who do not wait

 private:
  store::Database& database_;
};

class ApiTest : public ::testing::Test {
 protected:
  explicit ApiTest(Settings settings = {.instance_name = "Leoflow Lite"});
  ~ApiTest() override;

  http::Response call(std::string_view method, std::string_view target, std::string body = "",
                      bool with_token = true);
  http::Response get(std::string_view target) { return call("GET", target); }
  /// The body as JSON, after checking the status.
  json::value ok_json(std::string_view method, std::string_view target, const json::value& body = nullptr,
                      int status = 200);
  /// What an error says.
  static std::string detail_of(const http::Response& response);
  void sql(std::string_view text);
  /// Its processes are `processes_`; applications of plugins tell what they were sent.
  Surroundings around();
  /// SQLite, or PostgreSQL if LEOFLOW_TEST_BACKEND says "postgres" and a server is there.
  static store::Backend backend();

  inline static const std::string kRun = "/api/v2/dags/hello/dagRuns/manual__1";
  const Time now_ = from_micros(1'760'000'000'000'000);
  store::TemporaryDatabase database_{backend()};
  ManualClock clock_{now_};
  FakeCommands commands_{*database_};
  std::vector<Process> processes_;
  auth::Tokens tokens_{auth::fixed_jwt(std::string(64, 's'))};
  auth::Sealer sealer_{std::string(32, 'k')};
  std::filesystem::path folder_;
  std::string token_;
  std::unique_ptr<Api> api_;

 private:
  void make_files();
  void seed();
};

}  // namespace leoflow::api
