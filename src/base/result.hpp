#pragma once

#include <expected>
#include <stdexcept>
#include <string>
#include <utility>

namespace leoflow {

/// What kind of expected refusal an operation answered with. Closed on purpose:
/// one function maps it to HTTP, one to gRPC, one to exit codes.
enum class ErrorCode {
  invalid,          ///< the request makes no sense: bad value, bad format
  unprocessable,    ///< the values are fine, but do not fit each other or the thing
  unauthenticated,  ///< who are you?
  forbidden,        ///< you may not
  not_found,        ///< the named thing does not exist
  conflict,         ///< the state of the thing forbids it now
  unsupported,      ///< understood, but this version cannot do it
  unavailable,      ///< try again later
};

/// An expected answer other than success. `message` names the thing and the value.
struct Error {
  ErrorCode code = ErrorCode::invalid;
  std::string message;
};

template <typename T>
using Result = std::expected<T, Error>;

/// Makes the error lane of a Result: `return fail(ErrorCode::not_found, "dag 'x' not found");`
inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
  return std::unexpected(Error{code, std::move(message)});
}

/// A broken world: database gone, disk full, a bug. Caught only at the rims.
class Fatal : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace leoflow
