#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "http/message.hpp"

namespace leoflow::http {

struct ServerConfig {
  std::string host = "127.0.0.1";
  unsigned short port = 0;  ///< 0: any free one
  int io_threads = 1;
  int workers = 8;
  std::size_t max_connections = 2048;         ///< beyond, the one that waits longest for its client is closed
  std::size_t header_limit = 64 * 1024;       ///< bytes
  std::size_t body_limit = 64 * 1024 * 1024;  ///< bytes
  std::size_t all_bodies_limit =
      256 * 1024 * 1024;  ///< bytes, of those above 64 KB that are read or answered now
  std::size_t all_answers_limit =
      256 * 1024 * 1024;  ///< bytes, of those above 64 KB that are being written; beyond, see below
  std::chrono::milliseconds idle_limit{75'000};  ///< between two requests
  std::chrono::milliseconds header_limit_time{30'000};
  std::chrono::milliseconds body_limit_time{120'000};
  std::chrono::milliseconds write_limit_time{120'000};  ///< of an answer, or of each part of a streamed one
  std::chrono::milliseconds write_stall_time{30'000};   ///< in which a client has to take some of it
};

/// An HTTP/1.1 server. Connections are asynchronous on a few I/O threads; the
/// handler runs on a bounded pool of workers. One request of a connection is
/// handled at a time, so pipelined requests are answered in order. A streamed
/// answer holds no worker between two parts; it ends, without its last chunk, as
/// soon as the client goes away or the server stops.
/// Answers that wait for slow clients have a budget: what does not fit closes the
/// connection whose client has taken nothing for longest. Neither what one copy serves
/// to many nor the parts of a stream that are still to be made count.
/// What the server itself refuses (400, 408, 413, 431, 503) is {"detail": ...}.
class Server {
 public:
  /// Listens and serves at once.
  /// Errors: unavailable, naming address and port, if they cannot be bound.
  static Result<std::unique_ptr<Server>> start(const ServerConfig& config, Handler handler);
  ~Server();

  unsigned short port() const;

  /// Stops listening, lets requests in progress finish, closes. May be called twice.
  void stop();

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace leoflow::http
