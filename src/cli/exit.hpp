#pragma once

#include <string>

#include "base/result.hpp"

namespace leoflow::cli {

/// Ends a command: thrown by commands, caught in run(). The message, if any, is
/// printed once, to standard error.
struct Exit {
  int code = 1;
  std::string message;
};

/// The value, or Exit with the error's message and the exit code of its kind:
/// 2 for bad input, 3 for "not found", 4 for "conflict", 5 for "not allowed",
/// 6 for "not available", 7 for "not supported".
int exit_code_of(ErrorCode code);

template <typename T>
T value_or_exit(Result<T> result) {
  if (!result) throw Exit{exit_code_of(result.error().code), result.error().message};
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace leoflow::cli
