#pragma once

#include <chrono>
#include <future>
#include <mutex>
#include <string>
#include <sys/socket.h>
#include <vector>

#include "base/result.hpp"

namespace leoflow::redis {

using Moment = std::chrono::steady_clock::time_point;

/// What a socket connects to.
struct SocketAddress {
  sockaddr_storage place{};
  socklen_t size = 0;
};

/// Looks up where a host is. Name servers that do not answer are waited for as long as the caller wants and
/// no longer, by one thread at a time. Thread safe.
class Resolver {
 public:
  Resolver(std::string host, int port) : host_(std::move(host)), port_(std::to_string(port)) {}

  /// Errors: unavailable.
  Result<std::vector<SocketAddress>> resolve(Moment until);

 private:
  using Found = Result<std::vector<SocketAddress>>;
  static Found look_up(const std::string& host, const std::string& port);

  const std::string host_;
  const std::string port_;
  std::mutex mutex_;
  std::shared_future<Found> asked_;  // protected by mutex_
};

}  // namespace leoflow::redis
