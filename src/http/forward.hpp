#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "http/message.hpp"

namespace leoflow::http {

struct ForwardOptions {
  std::string to;  ///< "unix:/path" or "http://host:port": where the other server listens
  std::chrono::milliseconds connect_limit{1'000};
  std::chrono::milliseconds limit{30'000};  ///< of the rest
  /// Asked now and then while it waits: whether nobody needs the answer any more.
  std::function<bool()> is_pointless = [] { return false; };
  std::size_t body_limit = 64 * 1024 * 1024;                   ///< bytes of the answer
  std::vector<std::pair<std::string, std::string>> headers{};  ///< besides the request's own
};

struct ForwardFailure {
  bool was_sent = false;  ///< some of the request may have got there
  std::string reason;
};

/// Passes a request on to another server and gives its answer back, once it is complete. Blocks.
/// What is between two neighbours only (Connection, Transfer-Encoding, ...) is not passed on either way.
/// Fails if the server is not there, does not answer in time, or its answer is too large or no HTTP.
std::expected<Response, ForwardFailure> forward(const ForwardOptions& options, const Request& request);

}  // namespace leoflow::http
