#include "api/execution/operation.hpp"

// Values that tasks leave for each other.
namespace leoflow::api::execution {
namespace {

constexpr char kRoot[] = "root";

const Field kOfIndex{.name = "map_index", .check = integer, .otherwise = "-1"};
const Field kWithPriorDates{.name = "include_prior_dates", .check = boolean, .since = Version::v2025_08_10};

http::Response get_xcom(Asking& asking) {
  const bool by_offset = asking.arguments.contains("offset");
  auto told = asking.ask(by_offset ? "GetXComSequenceItem" : "GetXCom");
  if (told.refusal) return *told.refusal;
  if (told.is_absent) return refuse(404, "not_found", fill(asking.operation.not_found, asking.arguments));
  const json::value value = by_offset ? member<kRoot>(told.result) : told.result.at("value");
  return answer_json(200, json::object{{"key", asking.arguments["key"]}, {"value", value}});
}

http::Response count_xcoms(Asking& asking) {
  if (asking.arguments.contains("map_index")) {
    return refuse(400, "invalid_request", "Cannot specify map_index in a HEAD request");
  }
  auto told = asking.ask("GetXComCount");
  if (told.refusal) return *told.refusal;
  http::Response response;
  const std::string count = std::to_string(get_integer(told.result, "len", 0));
  response.headers.emplace_back("Content-Range", "map_indexes " + count);
  response.body = "null";
  return response;
}

}  // namespace

std::vector<Operation> xcom_operations() {
  constexpr std::string_view kOne = "/execution/xcoms/{dag_id}/{run_id}/{task_id}/{key:path}";
  return {
      {.route = {"GET", "/execution/xcoms/{dag_id}/{run_id}/{task_id}/{key:path}/item/{offset}",
                 "get_mapped_xcom_by_index", false},
       .path = {{.name = "offset", .check = integer}},
       .ask = "GetXComSequenceItem",
       .select = member<kRoot>,
       .not_found =
           "XCom with key='{key}' offset={offset} not found for task '{task_id}' in DAG run '{run_id}' of "
           "'{dag_id}'"},
      {.route = {"GET", "/execution/xcoms/{dag_id}/{run_id}/{task_id}/{key:path}/slice",
                 "get_mapped_xcom_by_slice", false},
       .query = {{.name = "start", .check = integer},
                 {.name = "stop", .check = integer},
                 {.name = "step", .check = integer},
                 kWithPriorDates},
       .ask = "GetXComSequenceSlice",
       .select = member<kRoot>},
      {.route = {"HEAD", kOne, "head_xcom", false},
       .query = {{.name = "map_index", .check = integer}},
       .handle = count_xcoms},
      {.route = {"GET", kOne, "get_xcom", false},
       .query = {kOfIndex, kWithPriorDates, {.name = "offset", .check = integer}},
       .handle = get_xcom,
       .not_found = "XCom with key='{key}' map_index={map_index} not found for task '{task_id}' in DAG run "
                    "'{run_id}' of '{dag_id}'"},
      {.route = {"POST", kOne, "set_xcom", false},
       .query = {kOfIndex,
                 {.name = "dag_result", .check = boolean},
                 {.name = "mapped_length", .check = integer}},
       .whole_body = WholeBody{.as = "value", .required = false},
       .ask = "SetXCom",
       .status = 201,
       .message = "XCom successfully set"},
      {.route = {"DELETE", kOne, "delete_xcom", false},
       .query = {kOfIndex},
       .ask = "DeleteXCom",
       .message = "XCom with key: {key} successfully deleted."},
  };
}

}  // namespace leoflow::api::execution
