#include "agent/child.hpp"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/log.hpp"

namespace leoflow::agent {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kReadBytes = 64 * 1024;
/// How long the output of an ended process may be held open by others.
constexpr std::chrono::seconds kDrainLimit{2};

/// Writes the first bytes together with a descriptor.
ssize_t send_with_fd(int socket, std::string_view bytes, int fd) {
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  cmsghdr* first = CMSG_FIRSTHDR(&header);
  first->cmsg_level = SOL_SOCKET;
  first->cmsg_type = SCM_RIGHTS;
  first->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(first), &fd, sizeof(int));
  return ::sendmsg(socket, &header, MSG_NOSIGNAL);
}

}  // namespace

ProcessEnd ProcessEnd::from_status(int status, std::int64_t memory, std::int64_t cpu) {
  ProcessEnd end{.is_known = true, .peak_memory_bytes = memory, .cpu_microseconds = cpu};
  if (WIFSIGNALED(status)) {
    end.signal = WTERMSIG(status);
  } else {
    end.exit_code = WEXITSTATUS(status);
  }
  return end;
}

Child::Child(asio::any_io_executor executor, std::uint64_t id)
    : executor_(executor), id_(id), requests_(make_socket()), drain_timer_(executor) {
  for (const OutputStream stream : {OutputStream::out, OutputStream::error, OutputStream::log}) {
    inputs_.push_back(std::make_shared<Input>(make_socket(), stream));
  }
}

Child::Socket Child::make_socket() {
  SocketPair pair = make_socket_pair(SOCK_STREAM);
  child_ends_.push_back(std::move(pair.theirs));
  return Socket(executor_, asio::local::stream_protocol(), pair.ours.release());
}

void Child::assign(ChildUser& user) {
  user_ = &user;
  if (pid_ != 0 || has_ended_) {
    // Later: the caller is still setting itself up.
    asio::post(executor_, [self = shared_from_this()] {
      if (self->pid_ != 0) self->user_->on_forked(self->pid_);
      self->start_reading();
    });
  }
}

void Child::forked(pid_t pid) {
  pid_ = pid;
  if (is_abandoned_) return signal(SIGKILL);
  if (!user_) return;
  user_->on_forked(pid);
  start_reading();
}

void Child::start_reading() {
  if (is_reading_) return;
  is_reading_ = true;
  open_sources_ = 1 + static_cast<int>(inputs_.size());
  request_buffer_.resize(kReadBytes);
  read_requests();
  for (const auto& input : inputs_) read_output(input);
  if (has_ended_) ended(end_);
}

void Child::read_requests() {
  requests_.async_read_some(
      asio::buffer(request_buffer_), [self = shared_from_this()](error_code error, std::size_t size) {
        if (error) return self->source_closed();
        self->frames_.feed({self->request_buffer_.data(), size});
        while (auto payload = self->frames_.next()) {
          if (self->user_) self->user_->on_request(std::move(*payload));
        }
        if (self->frames_.is_broken()) {
          log::error("process {} sent a frame that is too long; it is killed", self->pid_);
          self->signal(SIGKILL);
          return self->source_closed();
        }
        self->read_requests();
      });
}

void Child::read_output(const std::shared_ptr<Input>& input) {
  input->buffer.resize(kReadBytes);
  input->socket.async_read_some(asio::buffer(input->buffer),
                                [self = shared_from_this(), input](error_code error, std::size_t size) {
                                  if (error) return self->source_closed();
                                  if (self->user_)
                                    self->user_->on_output(input->stream, {input->buffer.data(), size});
                                  self->read_output(input);
                                });
}

void Child::source_closed() {
  --open_sources_;
  if (open_sources_ == 0 && has_ended_) finish();
}

void Child::send(std::string_view payload) {
  outgoing_.push_back({to_frame(payload), Fd()});
  write();
}

void Child::send_with_log_socket(std::string_view payload) {
  SocketPair pair = make_socket_pair(SOCK_STREAM);
  auto input = std::make_shared<Input>(Socket(executor_, asio::local::stream_protocol(), pair.ours.release()),
                                       OutputStream::log);
  inputs_.push_back(input);
  ++open_sources_;
  read_output(input);
  outgoing_.push_back({to_frame(payload), std::move(pair.theirs)});
  write();
}

void Child::write() {
  if (is_writing_ || outgoing_.empty()) return;
  is_writing_ = true;
  Outgoing& front = outgoing_.front();
  if (front.fd.get() >= 0) {
    requests_.async_wait(Socket::wait_write, [self = shared_from_this()](error_code error) {
      self->is_writing_ = false;
      if (error) return;
      Outgoing& first = self->outgoing_.front();
      const ssize_t size = send_with_fd(self->requests_.native_handle(), first.bytes, first.fd.get());
      if (size > 0) {
        first.bytes.erase(0, static_cast<std::size_t>(size));
        first.fd = Fd();
      } else if (errno != EAGAIN && errno != EINTR) {
        return;
      }
      self->write();
    });
    return;
  }
  asio::async_write(requests_, asio::buffer(front.bytes),
                    [self = shared_from_this()](error_code error, std::size_t) {
                      self->is_writing_ = false;
                      if (error) return self->outgoing_.clear();
                      self->outgoing_.pop_front();
                      self->write();
                    });
}

void Child::signal(int number) {
  if (pid_ > 0 && !has_ended_) ::kill(-pid_, number);
}

void Child::abandon() {
  is_abandoned_ = true;
  signal(SIGKILL);
}

void Child::ended(const ProcessEnd& end) {
  // The group outlives its leader when the task left processes behind.
  if (pid_ > 0 && !has_ended_) ::kill(-pid_, SIGKILL);
  has_ended_ = true;
  end_ = end;
  if (!user_) return;
  if (!is_reading_) return start_reading();
  if (open_sources_ == 0) return finish();
  drain_timer_.expires_after(kDrainLimit);
  drain_timer_.async_wait([self = shared_from_this()](error_code error) {
    if (!error) self->finish();
  });
}

void Child::finish() {
  error_code ignored;
  drain_timer_.cancel();
  requests_.close(ignored);
  for (const auto& input : inputs_) input->socket.close(ignored);
  if (ChildUser* user = std::exchange(user_, nullptr)) user->on_end(end_);
}

}  // namespace leoflow::agent
