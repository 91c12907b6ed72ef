#include "agent/channel.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fmt/core.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.hpp"

namespace leoflow::agent {
namespace {
constexpr std::size_t kMaxPacketBytes = 192 * 1024;
constexpr std::size_t kMaxFds = 4;
constexpr std::chrono::milliseconds kRetryDelay{5};
}  // namespace

SocketPair make_socket_pair(int type) {
  int fds[2];
  if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds) != 0) {
    throw Fatal(fmt::format("socketpair: {}", std::strerror(errno)));
  }
  return {Fd(fds[0]), Fd(fds[1])};
}

Channel::Channel(boost::asio::any_io_executor executor, Fd socket)
    : socket_(executor, socket.release()), retry_timer_(executor) {
  socket_.non_blocking(true);
}

void Channel::start(Events events) {
  events_ = std::move(events);
  wait_readable();
}

void Channel::wait_readable() {
  socket_.async_wait(socket_.wait_read, [self = shared_from_this()](boost::system::error_code error) {
    if (!error) self->read_all();
  });
}

void Channel::read_all() {
  std::string buffer(kMaxPacketBytes, '\0');
  while (socket_.is_open()) {
    const ssize_t size = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return wait_readable();
    if (size <= 0) return lost();
    const auto message = parse_json(std::string_view(buffer.data(), static_cast<std::size_t>(size)));
    if (!message || !message->is_object()) {
      log::error("the warm Python sent what is no message");
      continue;
    }
    // The handler may drop the last other owner of this channel.
    const auto self = shared_from_this();
    if (events_.on_message) events_.on_message(*message);
  }
}

void Channel::send(const json::object& message, std::vector<Fd> fds) {
  if (!socket_.is_open()) return;
  unsent_.push_back({json::serialize(message), std::move(fds)});
  write_all();
}

void Channel::write_all() {
  if (is_waiting_writable_) return;
  while (!unsent_.empty()) {
    if (write(unsent_.front())) {
      unsent_.pop_front();
      continue;
    }
    // A lost peer is noticed by the reader.
    if (errno != EAGAIN && errno != EWOULDBLOCK && errno != ETOOMANYREFS) return unsent_.clear();
    return write_later(errno);
  }
}

void Channel::write_later(int reason) {
  is_waiting_writable_ = true;
  auto retry = [self = shared_from_this()](boost::system::error_code error) {
    self->is_waiting_writable_ = false;
    if (!error) self->write_all();
  };
  if (reason != ETOOMANYREFS) return socket_.async_wait(socket_.wait_write, std::move(retry));
  // Too many descriptors are on their way: nothing tells when the peer took some.
  retry_timer_.expires_after(kRetryDelay);
  retry_timer_.async_wait(std::move(retry));
}

bool Channel::write(const Packet& packet) {
  iovec part{const_cast<char*>(packet.text.data()), packet.text.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxFds * sizeof(int))> control{};
  if (!packet.fds.empty()) {
    std::array<int, kMaxFds> numbers{};
    for (std::size_t i = 0; i < packet.fds.size(); ++i) numbers[i] = packet.fds[i].get();
    header.msg_control = control.data();
    header.msg_controllen = CMSG_SPACE(packet.fds.size() * sizeof(int));
    cmsghdr* first = CMSG_FIRSTHDR(&header);
    first->cmsg_level = SOL_SOCKET;
    first->cmsg_type = SCM_RIGHTS;
    first->cmsg_len = CMSG_LEN(packet.fds.size() * sizeof(int));
    std::memcpy(CMSG_DATA(first), numbers.data(), packet.fds.size() * sizeof(int));
  }
  while (::sendmsg(socket_.native_handle(), &header, MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) return false;
  }
  return true;
}

void Channel::lost() {
  const auto on_closed = std::move(events_.on_closed);
  close();
  if (on_closed) on_closed();
}

void Channel::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
  retry_timer_.cancel();
  events_ = {};
  unsent_.clear();
}

}  // namespace leoflow::agent
