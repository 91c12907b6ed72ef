#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/metrics.hpp"
#include "redis/connection.hpp"

namespace leoflow::redis {

struct ClientOptions {
  std::chrono::milliseconds limit{200};         ///< of connecting, and of each answer
  std::chrono::milliseconds first_pause{1000};  ///< after a failure; each further one is twice as long,
  std::chrono::milliseconds longest_pause{10'000};
};

/// A Redis that helps and may be away. It connects when something is asked; after a failure it is left alone
/// for a while, in which every caller is told so at once. Says in the log when it goes and when it comes
/// back. Thread safe.
class Client {
 public:
  /// @param prefix  what its keys begin with, so that several installs may share one.
  /// Throws Fatal if the authorities for TLS cannot be read.
  Client(Address address, std::string prefix, ClientOptions options = {});

  /// Nothing if it is away, or refuses.
  std::optional<Reply> ask(const Command& command);
  /// Runs a script (Lua) on one key: Redis does nothing else meanwhile.
  std::optional<Reply> run(const char* script, const std::string& key, const Command& arguments = {});
  /// Whether it answers now.
  bool is_up() { return ask({"PING"}).has_value(); }

  std::string key(const std::string& name) const { return prefix_ + name; }
  const metrics::Counter& failures() const { return failures_; }

 private:
  using Lock = std::unique_lock<std::mutex>;
  std::unique_ptr<Connection> idle_connection(const Lock&);
  void note_answer(std::unique_ptr<Connection> connection);
  void note_refusal(const Error& error);
  void note_failure(const Error& error, std::uint64_t outage);

  const Address address_;
  const std::string prefix_;
  const ClientOptions options_;
  const Tls tls_;
  Resolver resolver_;
  metrics::Counter failures_;

  std::mutex mutex_;
  // protected by mutex_
  std::vector<std::unique_ptr<Connection>> idle_;
  Moment away_until_;
  std::uint64_t outages_ = 0;  ///< failures that others did not have at the same time
  std::chrono::milliseconds pause_;
  std::optional<bool> is_up_;       ///< what the log said last
  std::set<std::string> refusals_;  ///< that it said
};

}  // namespace leoflow::redis
