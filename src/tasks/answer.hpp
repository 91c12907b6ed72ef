#pragma once

#include <functional>
#include <string>

#include "base/json.hpp"

namespace leoflow::tasks {

/// What goes back to the task: a body, an error, or neither ("done").
struct Answer {
  std::string body;        ///< JSON object with its "type", "" for none
  std::string error;       ///< JSON of the SDK's ErrorResponse, "" for none
  bool is_absent = false;  ///< the body stands for something that is not there
};

/// May be called on any thread, exactly once.
using Reply = std::function<void(Answer)>;

/// Nothing to say but that it is done.
inline Answer done() {
  return {};
}

/// A result of the given type.
Answer result(std::string_view type, json::object fields);

/// An ErrorResponse in the place of a result: the SDK makes the exception that
/// fits, such as VariableNotFound. @param error name of the SDK's ErrorType.
Answer missing(std::string_view error, json::object detail);

/// An ErrorResponse that keeps the SDK from looking elsewhere: it raises PermissionError.
Answer denied(json::object detail, std::string_view message);

/// The request as such failed; the SDK raises AirflowRuntimeError in the task.
Answer refused(int status, std::string_view message);

/// Likewise, with more than words. @param detail  such as {"reason": "not_running"}.
Answer refused(int status, std::string_view message, json::object detail);

Answer refused(const Error& error);

}  // namespace leoflow::tasks
