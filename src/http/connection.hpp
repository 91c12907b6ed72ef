#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "http/answer_budget.hpp"
#include "http/body_budget.hpp"
#include "http/server.hpp"

/// Private to this folder: the life of one connection.
namespace leoflow::http {

struct ServerContext {
  ServerContext(const ServerConfig& settings, Handler handle)
      : config(settings),
        handler(std::move(handle)),
        bodies(settings.all_bodies_limit),
        answers(settings.all_answers_limit) {}

  const ServerConfig config;
  const Handler handler;
  BodyBudget bodies;
  AnswerBudget answers;
};

class Connection;

/// The open connections of a server. Thread safe.
class ConnectionSet {
 public:
  /// Makes room, if there are `most`, by closing the connection that has waited longest for its client.
  /// @returns false if there is no room: all have a request in progress that ends soon.
  bool add(const std::shared_ptr<Connection>& connection, std::size_t most);
  void remove(const Connection* connection);
  /// It has no complete request from now on or is answered by a stream; or neither.
  void set_waiting(const Connection* connection, bool waits);
  /// Idle connections close now, busy ones after their answer; later ones at once.
  void close_all();
  bool closing() const;

 private:
  struct Entry {
    std::weak_ptr<Connection> connection;
    std::uint64_t waiting = 0;  ///< the less, the longer; 0: it does not wait
  };

  mutable std::mutex mutex_;
  std::map<const Connection*, Entry> open_;  // protected by mutex_
  std::uint64_t last_wait_ = 0;              // protected by mutex_
  bool closing_ = false;                     // protected by mutex_
};

/// The connection keeps itself alive; `context`, `workers` and `connections` must outlive it.
void start_connection(boost::asio::ip::tcp::socket socket, ServerContext& context,
                      boost::asio::thread_pool& workers, ConnectionSet& connections);

}  // namespace leoflow::http
