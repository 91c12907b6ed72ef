#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "api/execution/version.hpp"
#include "auth/task_tokens.hpp"
#include "base/clock.hpp"
#include "http/message.hpp"
#include "store/database.hpp"
#include "tasks/task_service.hpp"

namespace leoflow::api::execution {

struct Operation;

/// What the operations work with. Everything in it is thread safe.
struct ExecutionServices {
  store::Database& database;
  tasks::TaskService& tasks;
  const auth::TaskTokens& tokens;
  const Clock& clock;
  /// As `Surroundings::leader`.
  std::function<std::optional<http::Response>(const http::Request&)> leader = [](const http::Request&) {
    return std::optional<http::Response>();
  };
};

/// What the task service said.
struct Told {
  json::value result;                     ///< the SDK's, without its type; null if it is only done
  std::optional<http::Response> refusal;  ///< instead of a result
  bool is_absent = false;                 ///< the result stands for something that is not there
};

/// One request of a worker on its way through an operation. Not thread safe; lives on the HTTP worker's
/// stack.
struct Asking {
  ExecutionServices& services;
  const Operation& operation;
  Version version;
  Uuid task;               ///< who asks; nil for open operations
  json::object arguments;  ///< the request's fields, as the task service names them
  json::value body;        ///< as it came

  /// Asks the task service and waits. @param type its name of the request.
  Told ask(std::string_view type, json::object fields);
  Told ask(std::string_view type) { return ask(type, arguments); }
};

/// A text of the operations' table with its {names} replaced by arguments.
std::string fill(std::string_view text, const json::object& arguments);

http::Response answer_json(int status, const json::value& body);
/// {"detail": {"reason": ..., "message": ...}}
http::Response refuse(int status, std::string_view reason, std::string_view message);

}  // namespace leoflow::api::execution
