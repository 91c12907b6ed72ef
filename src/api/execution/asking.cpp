#include "api/execution/asking.hpp"

#include <chrono>
#include <fmt/format.h>
#include <future>

#include "api/execution/operation.hpp"
#include "base/log.hpp"

namespace leoflow::api::execution {
namespace {

/// A worker asks again after a 503.
constexpr std::chrono::seconds kLongestWait{30};

std::string_view reason_of(int status) {
  switch (status) {
    case 403:
      return "access_denied";
    case 404:
      return "not_found";
    case 409:
      return "conflict";
    case 503:
      return "unavailable";
    default:
      return status < 500 ? "value_error" : "internal_error";
  }
}

std::string text_of(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

/// The SDK's ErrorResponse as Airflow's server would tell it; messages are the operation's, if it has some.
http::Response refusal_of(const Asking& asking, const json::value& error) {
  const Operation& operation = asking.operation;
  const std::string kind = get_text(error, "error");
  if (kind == "DAGRUN_ALREADY_EXISTS") {
    return refuse(409, "already_exists", fill(operation.exists, asking.arguments));
  }
  const json::value* found = find(error, "detail");
  const json::value detail = found == nullptr ? json::value(json::object()) : *found;
  const bool is_missing = kind != "API_SERVER_ERROR" && kind != "PERMISSION_DENIED";
  const int status = is_missing ? 404 : static_cast<int>(get_integer(detail, "status_code", 500));
  if (status == 404 && !operation.not_found.empty()) {
    return refuse(404, "not_found", fill(operation.not_found, asking.arguments));
  }
  if (const json::value* more = find(detail, "detail")) {
    return answer_json(status, json::object{{"detail", *more}});
  }
  return refuse(status, reason_of(status), get_text(detail, "message"));
}

Told told(const Asking& asking, const tasks::Answer& answer) {
  Told out;
  out.is_absent = answer.is_absent;
  if (answer.body.empty() && answer.error.empty()) return out;
  out.result = parse_json(answer.error.empty() ? answer.body : answer.error).value_or(json::object());
  if (get_text(out.result, "type") == "ErrorResponse") out.refusal = refusal_of(asking, out.result);
  if (out.result.is_object()) out.result.get_object().erase("type");
  return out;
}

}  // namespace

Told Asking::ask(std::string_view type, json::object fields) {
  fields["type"] = type;
  const auto promise = std::make_shared<std::promise<tasks::Answer>>();
  std::future<tasks::Answer> answer = promise->get_future();
  services.tasks.handle({task}, json::serialize(fields),
                        [promise](tasks::Answer given) { promise->set_value(std::move(given)); });
  if (answer.wait_for(kLongestWait) != std::future_status::ready) {
    log::warning("{} of task instance {} waits for the database", type, task.text());
    return told(*this, tasks::refused(503, "the answer takes too long; ask again"));
  }
  try {
    return told(*this, answer.get());
  } catch (const std::future_error&) {
    // The engine stopped before it came to this.
    return told(*this, tasks::refused(503, "the server is stopping"));
  }
}

std::string fill(std::string_view text, const json::object& arguments) {
  std::string out;
  while (true) {
    const std::size_t open = text.find('{');
    const std::size_t close = text.find('}', open);
    if (close == std::string_view::npos) break;
    out += text.substr(0, open);
    const json::value* value = arguments.if_contains(text.substr(open + 1, close - open - 1));
    if (value != nullptr) out += text_of(*value);
    text.remove_prefix(close + 1);
  }
  return out.append(text);
}

http::Response answer_json(int status, const json::value& body) {
  http::Response response;
  response.status = status;
  response.body = json::serialize(body);
  return response;
}

http::Response refuse(int status, std::string_view reason, std::string_view message) {
  return answer_json(status,
                     json::object{{"detail", json::object{{"reason", reason}, {"message", message}}}});
}

}  // namespace leoflow::api::execution
