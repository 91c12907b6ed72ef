#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/thread_pool.hpp>
#include <map>
#include <memory>
#include <mutex>

#include "http/server.hpp"

/// Private to this folder: the life of one connection.
namespace leoflow::http {

struct ServerContext {
  ServerConfig config;
  Handler handler;
};

class Connection;

/// The open connections of a server. Thread safe.
class ConnectionSet {
 public:
  std::size_t add(const std::shared_ptr<Connection>& connection);
  void remove(const Connection* connection);
  /// Idle connections close now, busy ones after their answer; later ones at once.
  void close_all();
  bool closing() const;

 private:
  mutable std::mutex mutex_;
  std::map<const Connection*, std::weak_ptr<Connection>> open_;  // protected by mutex_
  bool closing_ = false;                                         // protected by mutex_
};

/// The connection keeps itself alive; `context`, `workers` and `connections` must outlive it.
void start_connection(boost::asio::ip::tcp::socket socket, const ServerContext& context,
                      boost::asio::thread_pool& workers, ConnectionSet& connections);

}  // namespace leoflow::http
