#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace leoflow::agent {

/// A file descriptor that closes itself.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd();
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

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
