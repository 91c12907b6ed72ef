#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "agentrpc/session.hpp"

namespace leoflow::agent {

/// Sends what attempts and triggers wrote to their log files to the control plane, which keeps it. One part
/// of a log is on its way at a time; after a lost connection it goes on from what is kept there. Single
/// threaded.
class LogShipper {
 public:
  using Send = std::function<void(agentrpc::AgentMessage)>;

  /// @param on_sent  told whose log is finished and all of it kept.
  LogShipper(boost::asio::io_context& loop, Send send, std::function<void(const std::string&)> on_sent);

  /// @param offset  place of the file's first byte in the whole log.
  /// @param is_confirmed  whether it is told when the end is kept, and waits for that
  void add(const std::string& attempt_id, std::string path, std::uint64_t offset, bool is_confirmed);
  /// Nothing more will be written to it.
  void finish(const std::string& attempt_id);
  /// Nobody wants it any more.
  void drop(const std::string& attempt_id) { logs_.erase(attempt_id); }
  bool has(const std::string& attempt_id) const { return logs_.contains(attempt_id); }
  void acknowledged(const agentrpc::LogAck& ack);
  /// The connection is a new one.
  void welcomed();
  /// Whether everything is kept where it belongs.
  bool is_done() const { return logs_.empty(); }

 private:
  struct Log {
    std::string path;
    std::uint64_t start = 0;  ///< places in the whole log: of the file's first byte,
    std::uint64_t kept = 0;   ///< up to which it is kept
    bool is_confirmed = false;
    bool is_asking = false;   ///< how much of it whoever leads now has
    bool is_waiting = false;  ///< for an acknowledgement
    std::chrono::steady_clock::time_point sent_at{};
    bool is_finished = false;
  };

  void look_later();
  void look();
  /// Sends the next part, if there is one. @returns whether all of it is kept.
  bool ship(const std::string& attempt_id, Log& log);

  Send send_;
  std::function<void(const std::string&)> on_sent_;
  std::map<std::string, Log> logs_;  ///< by attempt or trigger
  bool is_timed_ = false;
  boost::asio::steady_timer timer_;
};

}  // namespace leoflow::agent
