#include "api/execution/operation.hpp"

// DAGs and their runs.
namespace leoflow::api::execution {
namespace {

constexpr char kCountOfRuns[] = "count";
constexpr char kDagRun[] = "dag_run";

const Body kTrigger{
    .fields = {{.name = "logical_date", .check = or_null<moment>},
               {.name = "run_after", .check = or_null<moment>, .since = Version::v2026_04_06},
               {.name = "conf", .check = object},
               {.name = "reset_dag_run", .check = boolean, .as = "is_reset_by_client"},
               {.name = "partition_key", .check = or_null<text>, .since = Version::v2026_04_06},
               {.name = "note", .check = or_null<text>, .since = Version::v2026_04_06}}};

/// A run that is asked for; its consumed events are only told to its own tasks.
json::value one_run(json::value run) {
  if (!run.is_object()) return run;
  run.get_object()["consumed_asset_events"] = json::array();
  run.get_object()["team_name"] = nullptr;
  return run;
}

json::value previous_run(json::value result) {
  return one_run(member<kDagRun>(std::move(result)));
}

}  // namespace

std::vector<Operation> dag_run_operations() {
  constexpr std::string_view kOne = "/execution/dag-runs/{dag_id}/{run_id}";
  const std::string_view unknown = "Dag run with dag_id '{dag_id}' and run_id '{run_id}' was not found";
  const std::vector<Field> before = {{.name = "logical_date", .check = moment, .required = true},
                                     {.name = "state", .check = run_state}};
  std::vector<Field> before_in_dag = before;
  before_in_dag.insert(before_in_dag.begin(), {.name = "dag_id", .required = true});
  return {
      {.route = {"GET", kOne, "get_dag_run", false},
       .since = Version::v2026_04_06,
       .ask = "GetDagRun",
       .select = one_run,
       .not_found = unknown,
       .answered = Answered::dag_run},
      {.route = {"POST", kOne, "trigger_dag_run", false},
       .body = &kTrigger,
       .ask = "TriggerDagRun",
       .status = 204,
       .not_found = "Dag with dag_id: '{dag_id}' not found",
       .exists = "A run already exists for Dag '{dag_id}' with run_id '{run_id}'"},
      {.route = {"POST", "/execution/dag-runs/{dag_id}/{run_id}/clear", "clear_dag_run", false},
       .ask = "ClearDagRun",
       .status = 204,
       .not_found = "Dag run with run_id: '{run_id}' not found"},
      {.route = {"GET", "/execution/dag-runs/{dag_id}/{run_id}/state", "get_dagrun_state", false},
       .ask = "GetDagRunState",
       .not_found = unknown},
      {.route = {"GET", "/execution/dag-runs/count", "get_dr_count", false},
       .query = {{.name = "dag_id", .required = true},
                 {.name = "logical_dates", .check = moments, .many = true},
                 {.name = "run_ids", .check = texts, .many = true},
                 {.name = "states", .check = texts, .many = true}},
       .ask = "GetDRCount",
       .select = member<kCountOfRuns>},
      {.route = {"GET", "/execution/dag-runs/previous", "get_previous_dagrun", false},
       .since = Version::v2026_04_06,
       .query = before_in_dag,
       .ask = "GetPreviousDagRun",
       .select = previous_run,
       .answered = Answered::dag_run},
      {.route = {"GET", "/execution/dag-runs/{dag_id}/previous", "get_previous_dagrun_compat", false},
       .since = Version::v2025_08_10,
       .until = Version::v2025_11_05,
       .query = before,
       .ask = "GetPreviousDagRun",
       .select = previous_run,
       .answered = Answered::dag_run},
      {.route = {"GET", "/execution/dags/{dag_id}", "get_dag", false},
       .since = Version::v2026_04_06,
       .ask = "GetDag",
       .not_found = "The Dag with dag_id: `{dag_id}` was not found"},
  };
}

}  // namespace leoflow::api::execution
