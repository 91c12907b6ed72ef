#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/json.hpp"

namespace leoflow::agent {

struct SocketPair {
  Fd ours;
  Fd theirs;
};
/// A connected pair of Unix sockets, closed on exec.
/// @param type  SOCK_STREAM or SOCK_SEQPACKET. Throws Fatal (no descriptors left).
SocketPair make_socket_pair(int type);

/// JSON messages with descriptors, to and from one process of the warm Python.
/// One packet is one message. Runs on its executor only.
class Channel : public std::enable_shared_from_this<Channel> {
 public:
  struct Events {
    std::function<void(const json::value&)> on_message;
    std::function<void()> on_closed;  ///< the last call
  };

  Channel(boost::asio::any_io_executor executor, Fd socket);
  void start(Events events);
  /// Never blocks; keeps the order. @param fds  closed once they are sent.
  void send(const json::object& message, std::vector<Fd> fds = {});
  /// Silences the channel: no more events, nothing more is sent.
  void close();

 private:
  struct Packet {
    std::string text;
    std::vector<Fd> fds;
  };
  void wait_readable();
  void read_all();
  void write_all();
  void write_later(int reason);
  bool write(const Packet& packet);
  void lost();

  boost::asio::posix::stream_descriptor socket_;
  Events events_;
  std::deque<Packet> unsent_;
  bool is_waiting_writable_ = false;
  boost::asio::steady_timer retry_timer_;
};

}  // namespace leoflow::agent
