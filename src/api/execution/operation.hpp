#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "api/execution/asking.hpp"
#include "api/execution/checks.hpp"
#include "api/wire/route.hpp"

namespace leoflow::api::execution {

/// One field of a request: a parameter of its path or query, or a key of its body.
struct Field {
  std::string_view name;
  Check check = text;
  bool required = false;
  bool many = false;                ///< of a query: may be given several times
  std::string_view as = {};         ///< what the task service calls it; "" for the same
  std::string_view otherwise = {};  ///< JSON, if it is not given; "" for nothing
  Version since = kOldest;          ///< older clients cannot send it
};

/// What a request's body may be.
struct Body {
  std::vector<Field> fields;
  bool may_have_others = false;  ///< what is unknown is dropped, and not refused
  std::string_view tag = {};     ///< of one of several: names it in the places of problems
};

/// A body that is one argument as a whole.
struct WholeBody {
  std::string_view as = {};
  Check check = anything;
  bool required = true;
};

/// Who may call an operation.
enum class Access : std::uint8_t {
  open,            ///< everybody
  any_task,        ///< with a task's token
  own_task,        ///< with the token of {task_instance_id}
  start_own_task,  ///< likewise, or with that of its workload, which is changed for one of the task
  connection_test  ///< with the workload token of {connection_test_id}
};

/// One operation of the Task Execution API: how its request becomes one of the task service, and what that
/// says an HTTP answer.
struct Operation {
  wire::Route route;
  Access access = Access::any_task;
  Version since = kOldest;
  Version until = kNewest;

  // The request.
  std::vector<Field> path = {};  ///< those that are checked or have another name; the others are texts
  std::vector<Field> query = {};
  const Body* body = nullptr;
  std::optional<WholeBody> whole_body = {};
  std::string_view ask = {};  ///< the task service's name of it
  /// Refuses before the task service is asked.
  std::optional<http::Response> (*first)(Asking&) = nullptr;
  http::Response (*handle)(Asking&) = nullptr;  ///< does it all, instead of asking and telling the result

  // The answer.
  int status = 200;
  json::value (*select)(json::value) = nullptr;  ///< from the result; by default all of it
  std::string_view message = {};                 ///< instead of the result, with {arguments}
  std::string_view not_found = {};               ///< of a 404, likewise
  std::string_view exists = {};                  ///< of a 409, likewise
  Answered answered = Answered::plain;
};

// Each in the file of its subject.
std::vector<Operation> task_instance_operations();
std::vector<Operation> xcom_operations();
std::vector<Operation> variable_operations();
std::vector<Operation> dag_run_operations();
std::vector<Operation> asset_operations();
std::vector<Operation> state_store_operations();
std::vector<Operation> human_input_operations();
std::vector<Operation> other_operations();

/// The member of a result that is the answer.
template <char const* name>
json::value member(json::value result) {
  const json::value* found = find(result, name);
  return found == nullptr ? json::value(nullptr) : *found;
}

}  // namespace leoflow::api::execution
