#include "api/execution/operation.hpp"

// Health, and the tests of connections.
namespace leoflow::api::execution {
namespace {

constexpr Version kTestsSince = Version::v2026_06_30;

const Body kTestResult{
    .fields = {{.name = "state", .required = true}, {.name = "result_message", .check = or_null<text>}}};

http::Response health(Asking&) {
  return answer_json(200, json::object{{"status", "healthy"}});
}

http::Response ping(Asking& asking) {
  // A database that is away ends this with a 500, as in Airflow.
  asking.services.database.read()->query("SELECT 1", {});
  return answer_json(200, json::object{{"ok", json::array{"database"}}, {"failing", json::object()}});
}

/// Connections are tested by an agent's Python: there is no test that a worker could run.
http::Response no_test(Asking& asking) {
  return refuse(404, "not_found", fill("Connection test {connection_test_id} not found", asking.arguments));
}

}  // namespace

std::vector<Operation> other_operations() {
  return {
      {.route = {"GET", "/execution/health", "health", true}, .access = Access::open, .handle = health},
      {.route = {"GET", "/execution/health/ping", "ping", true}, .access = Access::open, .handle = ping},
      {.route = {"GET", "/execution/connection-tests/{connection_test_id}/connection",
                 "get_connection_test_connection", false},
       .access = Access::connection_test,
       .since = kTestsSince,
       .handle = no_test},
      {.route = {"PATCH", "/execution/connection-tests/{connection_test_id}", "patch_connection_test", false},
       .access = Access::connection_test,
       .since = kTestsSince,
       .body = &kTestResult,
       .handle = no_test},
  };
}

}  // namespace leoflow::api::execution
