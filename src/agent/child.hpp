#pragma once

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "agent/channel.hpp"
#include "agent/frames.hpp"
#include "agent/log_pump.hpp"

namespace leoflow::agent {

/// How a process ended.
struct ProcessEnd {
  bool is_known = false;   ///< false: it is gone, but nobody heard how
  bool never_ran = false;  ///< its server was lost before it could fork it
  int exit_code = -1;      ///< -1 if a signal ended it
  int signal = 0;          ///< 0 if none did
  std::int64_t peak_memory_bytes = 0;
  std::int64_t cpu_microseconds = 0;

  static ProcessEnd from_status(int status, std::int64_t memory, std::int64_t cpu);
};

/// Who a child works for. Calls come from the event loop.
class ChildUser {
 public:
  virtual ~ChildUser() = default;
  /// The process exists; comes before every other call.
  virtual void on_forked(pid_t pid) = 0;
  /// The payload of one frame that the child sent to its supervisor.
  virtual void on_request(std::string payload) = 0;
  virtual void on_output(OutputStream stream, std::string_view bytes) = 0;
  /// The process is gone and its output read. The last call.
  virtual void on_end(const ProcessEnd& end) = 0;
};

/// One forked process of the warm Python and our ends of its four sockets. It may
/// wait for its work, forked ahead; `assign` gives it. Single threaded.
class Child : public std::enable_shared_from_this<Child> {
 public:
  /// Makes the sockets. `take_child_ends` is what the fork request carries.
  explicit Child(boost::asio::any_io_executor executor, std::uint64_t id);

  std::uint64_t id() const { return id_; }
  pid_t pid() const { return pid_; }  ///< 0 until it is known
  bool has_ended() const { return has_ended_; }
  std::vector<Fd> take_child_ends() { return std::move(child_ends_); }

  /// `user` must stay until on_end.
  void assign(ChildUser& user);
  /// Nobody wants it any more: kills the process, now or as soon as it exists.
  void abandon();
  /// Queues one frame for the child's request socket.
  void send(std::string_view payload);
  /// The same, with a new socket to write logs to.
  void send_with_log_socket(std::string_view payload);
  /// Signals the whole process group, or nobody if the process is gone.
  void signal(int number);

  // What the owner of the process reports.
  void forked(pid_t pid);
  /// Reads what is left and then tells the user. Kills what remains of the group.
  void ended(const ProcessEnd& end);

 private:
  using Socket = boost::asio::local::stream_protocol::socket;
  struct Outgoing {
    std::string bytes;
    Fd fd;
  };
  struct Input {
    Input(Socket from, OutputStream stream_kind) : socket(std::move(from)), stream(stream_kind) {}
    Socket socket;
    OutputStream stream;
    std::vector<char> buffer;
  };

  Socket make_socket();
  void start_reading();
  void read_requests();
  void read_output(const std::shared_ptr<Input>& input);
  void source_closed();
  void write();
  void finish();

  boost::asio::any_io_executor executor_;
  std::uint64_t id_;
  pid_t pid_ = 0;
  ChildUser* user_ = nullptr;
  std::vector<Fd> child_ends_;
  Socket requests_;
  std::vector<std::shared_ptr<Input>> inputs_;
  std::vector<char> request_buffer_;
  FrameReader frames_;
  std::deque<Outgoing> outgoing_;
  bool is_abandoned_ = false;
  bool is_writing_ = false;
  bool is_reading_ = false;
  int open_sources_ = 0;
  bool has_ended_ = false;
  ProcessEnd end_;
  boost::asio::steady_timer drain_timer_;
};

}  // namespace leoflow::agent
