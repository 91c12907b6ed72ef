#include "api/execution/operation.hpp"
#include "api/execution/task_rows.hpp"

// What a task remembers across its tries, and what is remembered of an asset.
namespace leoflow::api::execution {
namespace {

constexpr Version kSince = Version::v2026_06_30;

const Body kTaskValue{.fields = {{.name = "value", .check = not_null, .required = true},
                                 {.name = "expires_at", .check = or_null<moment>}}};
const Body kAssetValue{.fields = {{.name = "value", .check = not_null, .required = true}}};

std::optional<http::Response> unknown_asset(Asking& asking) {
  const bool by_name = asking.arguments.contains("name");
  const auto told = asking.ask(by_name ? "GetAssetByName" : "GetAssetByUri");
  if (!told.refusal || told.refusal->status != 404) return told.refusal;
  return refuse(404, "not_found",
                fill(by_name ? "Asset with name='{name}' not found" : "Asset with uri='{uri}' not found",
                     asking.arguments));
}

std::vector<Operation> of_assets(std::string_view by, std::string_view value, std::string_view all,
                                 std::string_view suffix) {
  const Field which{.name = by, .check = filled_text, .required = true};
  const Field key{.name = "key", .check = filled_text, .required = true};
  const std::string_view get = suffix == "Name" ? "GetAssetStateStoreByName" : "GetAssetStateStoreByUri";
  const std::string_view set = suffix == "Name" ? "SetAssetStateStoreByName" : "SetAssetStateStoreByUri";
  const std::string_view erase =
      suffix == "Name" ? "DeleteAssetStateStoreByName" : "DeleteAssetStateStoreByUri";
  const std::string_view clear =
      suffix == "Name" ? "ClearAssetStateStoreByName" : "ClearAssetStateStoreByUri";
  return {
      {.route = {"GET", value, get, false},
       .since = kSince,
       .query = {which, key},
       .ask = get,
       .first = unknown_asset,
       .not_found = "Asset state store key '{key}' not found"},
      {.route = {"PUT", value, set, false},
       .since = kSince,
       .query = {which, key},
       .body = &kAssetValue,
       .ask = set,
       .first = unknown_asset,
       .status = 204},
      {.route = {"DELETE", value, erase, false},
       .since = kSince,
       .query = {which, key},
       .ask = erase,
       .first = unknown_asset,
       .status = 204},
      {.route = {"DELETE", all, clear, false},
       .since = kSince,
       .query = {which},
       .ask = clear,
       .first = unknown_asset,
       .status = 204},
  };
}

std::vector<Operation> of_tasks() {
  constexpr std::string_view kOne = "/execution/store/ti/{task_instance_id}/{key:path}";
  return {
      {.route = {"GET", kOne, "get_task_state_store", false},
       .access = Access::own_task,
       .since = kSince,
       .ask = "GetTaskStateStore",
       .first = task_without_store,
       .not_found = "Task state store key '{key}' not found"},
      {.route = {"PUT", kOne, "set_task_state_store", false},
       .access = Access::own_task,
       .since = kSince,
       .body = &kTaskValue,
       .ask = "SetTaskStateStore",
       .first = task_without_store,
       .status = 204},
      {.route = {"DELETE", kOne, "delete_task_state_store", false},
       .access = Access::own_task,
       .since = kSince,
       .ask = "DeleteTaskStateStore",
       .first = task_without_store,
       .status = 204},
      {.route = {"DELETE", "/execution/store/ti/{task_instance_id}", "clear_task_state_store", false},
       .access = Access::own_task,
       .since = kSince,
       .ask = "ClearTaskStateStore",
       .first = task_without_store,
       .status = 204},
  };
}

}  // namespace

std::vector<Operation> state_store_operations() {
  std::vector<Operation> all = of_tasks();
  for (auto& operations : {of_assets("name", "/execution/store/asset/by-name/value",
                                     "/execution/store/asset/by-name/clear", "Name"),
                           of_assets("uri", "/execution/store/asset/by-uri/value",
                                     "/execution/store/asset/by-uri/clear", "Uri")}) {
    all.insert(all.end(), operations.begin(), operations.end());
  }
  return all;
}

}  // namespace leoflow::api::execution
