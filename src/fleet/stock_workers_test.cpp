#include <gtest/gtest.h>

#include "base/json.hpp"
#include "fleet/fleet.hpp"
#include "store/temporary_database.hpp"

namespace leoflow::fleet {
namespace {

/// An agent that keeps the attempts that it is to start.
class Starter final : public agentrpc::AgentSession {
 public:
  const agentrpc::AgentIdentity& identity() const override { return identity_; }
  void send(agentrpc::ServerMessage message) override {
    if (message.has_start()) started.push_back(message.start());
  }
  void close() override {}
  std::vector<agentrpc::StartAttempt> started;

 private:
  const agentrpc::AgentIdentity identity_;
};

/// What the only agent is told to start.
agentrpc::StartAttempt start_with(FleetOptions options) {
  const SystemClock clock;
  const store::TemporaryDatabase database{store::Backend::sqlite};
  const auth::Sealer sealer(std::string(32, 'k'));
  Fleet fleet(std::move(options), clock);
  engine::Engine engine(*database, clock, fleet, [](const std::string&, const std::string&) {});
  tasks::TaskService tasks(*database, engine, sealer, clock);
  fleet.bind(engine, tasks);
  engine.start();
  const auto agent = std::make_shared<Starter>();
  agentrpc::Hello hello;
  hello.set_slots(1);
  fleet.on_connected(agent, hello);
  engine.stop();  // it has welcomed the agent then
  engine::AttemptSpec spec;
  spec.id.bytes[15] = 7;
  spec.dag_id = "d";
  spec.run_id = "r";
  spec.task_id = "t";
  spec.map_index = 2;
  spec.queue = "q";
  spec.pool_slots = 3;
  spec.bundle_name = "b";
  spec.relative_fileloc = "d.py";
  fleet.start(spec);
  return agent->started.at(0);
}

TEST(StockWorkers, AnAttemptIsGivenAsAirflowsExecutorsGiveIt) {
  const auto start = start_with(
      {.log_folder = "/logs",
       .stock_workers = StockWorkers{.execution_url = "http://here/execution/",
                                     .issue_token = [](const Uuid& id) { return "token of " + id.text(); }}});
  const std::string id = "00000000-0000-0000-0000-000000000007";
  const json::value workload = parse_json(start.workload()).value();
  EXPECT_EQ(get_text(workload, "type"), "ExecuteTask");
  EXPECT_EQ(get_text(workload, "token"), "token of " + id);
  EXPECT_EQ(get_text(workload, "dag_rel_path"), "d.py");
  EXPECT_EQ(get_text(workload, "log_path"), "dag_id=d/run_id=r/task_id=t/map_index=2/attempt=1.log");
  EXPECT_EQ(get_text(workload.at("ti"), "id"), id);
  EXPECT_EQ(get_integer(workload.at("ti"), "pool_slots", 0), 3);
  EXPECT_EQ(start.environment().at("AIRFLOW__CORE__EXECUTION_API_SERVER_URL"), "http://here/execution/");
  EXPECT_EQ(start.environment().at("AIRFLOW__LOGGING__BASE_LOG_FOLDER"), "/logs");
  EXPECT_EQ(start.startup_details(), "");
}

TEST(StockWorkers, WithoutThemTheWarmPythonIsGivenItsStartupDetails) {
  const auto start = start_with({.log_folder = "/logs"});
  EXPECT_EQ(start.workload(), "");
  EXPECT_NE(start.startup_details(), "");
  EXPECT_TRUE(start.environment().empty());
}

}  // namespace
}  // namespace leoflow::fleet
