#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "base/result.hpp"
#include "http/message.hpp"

namespace leoflow::http {

struct ForwardOptions {
  std::string socket;  ///< path of the Unix socket on which the other server listens
  std::chrono::milliseconds limit{30'000};
  std::size_t body_limit = 64 * 1024 * 1024;  ///< bytes of the answer
};

/// Passes a request on to a server of this host and gives its answer back, once it is complete. Blocks.
/// What is between two neighbours only (Connection, Transfer-Encoding, ...) is not passed on either way.
/// Errors: unavailable (it is not there, does not answer in time, or its answer is too large or no HTTP).
Result<Response> forward(const ForwardOptions& options, const Request& request);

}  // namespace leoflow::http
