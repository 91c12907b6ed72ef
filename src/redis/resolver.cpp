#include "redis/resolver.hpp"

#include <cstring>
#include <memory>
#include <netdb.h>
#include <system_error>
#include <thread>

#include "base/freed.hpp"

namespace leoflow::redis {

Result<std::vector<SocketAddress>> Resolver::resolve(Moment until) {
  std::unique_lock lock(mutex_);
  if (!asked_.valid()) {
    std::promise<Found> promise;
    asked_ = promise.get_future().share();
    try {
      // It cannot be interrupted, and may outlive this object.
      std::thread([host = host_, port = port_, promise = std::move(promise)]() mutable {
        promise.set_value(look_up(host, port));
      }).detach();
    } catch (const std::system_error& error) {
      asked_ = {};
      return fail(ErrorCode::unavailable, error.what());
    }
  }
  const std::shared_future<Found> asked = asked_;
  lock.unlock();
  if (asked.wait_until(until) != std::future_status::ready)
    return fail(ErrorCode::unavailable, "its name is not resolved in time");
  lock.lock();
  // Names move: the next connection asks anew.
  if (asked_.valid() && asked_.wait_until(Moment::min()) == std::future_status::ready) asked_ = {};
  return asked.get();
}

Resolver::Found Resolver::look_up(const std::string& host, const std::string& port) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), port.c_str(), &wanted, &list); error != 0)
    return fail(ErrorCode::unavailable, ::gai_strerror(error));
  const std::unique_ptr<addrinfo, Freed<::freeaddrinfo>> owned(list);
  std::vector<SocketAddress> out;
  for (const addrinfo* at = list; at != nullptr; at = at->ai_next) {
    SocketAddress& address = out.emplace_back();
    std::memcpy(&address.place, at->ai_addr, at->ai_addrlen);
    address.size = at->ai_addrlen;
  }
  return out;
}

}  // namespace leoflow::redis
