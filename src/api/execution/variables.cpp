#include "api/execution/operation.hpp"

// Variables and connections.
namespace leoflow::api::execution {
namespace {

const Body kVariable{.fields = {{.name = "val", .check = or_null<text>, .required = true, .as = "value"},
                                {.name = "description", .check = or_null<text>}}};

}  // namespace

std::vector<Operation> variable_operations() {
  constexpr std::string_view kOne = "/execution/variables/{variable_key:path}";
  const std::vector<Field> key = {{.name = "variable_key", .as = "key"}};
  return {
      {.route = {"GET", "/execution/variables/keys", "get_variable_keys", false},
       .since = Version::v2026_06_30,
       .query = {{.name = "prefix"},
                 {.name = "limit", .check = page_size},
                 {.name = "offset", .check = page_start}},
       .ask = "GetVariableKeys"},
      {.route = {"GET", kOne, "get_variable", false},
       .path = key,
       .ask = "GetVariable",
       .not_found = "Variable with key '{key}' not found"},
      {.route = {"PUT", kOne, "put_variable", false},
       .path = key,
       .body = &kVariable,
       .ask = "PutVariable",
       .status = 201,
       .message = "Variable successfully set"},
      {.route = {"DELETE", kOne, "delete_variable", false},
       .path = key,
       .ask = "DeleteVariable",
       .status = 204},
      {.route = {"GET", "/execution/connections/{connection_id}", "get_connection", false},
       .path = {{.name = "connection_id", .as = "conn_id"}},
       .ask = "GetConnection",
       .not_found = "Connection with ID {conn_id} not found"},
  };
}

}  // namespace leoflow::api::execution
