#include "agent/log_shipper.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <vector>

namespace leoflow::agent {
namespace {

constexpr std::size_t kPartBytes = 256 * 1024;
constexpr std::chrono::milliseconds kLookEvery{100};
constexpr std::chrono::seconds kSendAgain{10};

/// At most kPartBytes from `offset` on.
std::string read_part(const std::string& path, std::uint64_t offset) {
  std::string out(kPartBytes, '\0');
  std::ifstream file(path, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(out.data(), static_cast<std::streamsize>(out.size()));
  out.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, file.gcount())));
  return out;
}

}  // namespace

LogShipper::LogShipper(boost::asio::io_context& loop, Send send,
                       std::function<void(const std::string&)> on_sent)
    : send_(std::move(send)), on_sent_(std::move(on_sent)), timer_(loop) {}

void LogShipper::add(const std::string& attempt_id, std::string path, std::uint64_t offset,
                     bool is_confirmed) {
  logs_[attempt_id] = {
      .path = std::move(path), .start = offset, .kept = offset, .is_confirmed = is_confirmed};
  look_later();
}

void LogShipper::finish(const std::string& attempt_id) {
  const auto found = logs_.find(attempt_id);
  if (found == logs_.end()) return;
  found->second.is_finished = true;
  look();
}

void LogShipper::acknowledged(const agentrpc::LogAck& ack) {
  const auto found = logs_.find(ack.attempt_id());
  if (found == logs_.end()) return;
  Log& log = found->second;
  if (ack.is_last() && log.is_finished) {
    logs_.erase(found);
    return on_sent_(ack.attempt_id());
  }
  // It may know less than it did: then it is told again.
  log.kept = std::max(log.start, ack.offset());
  log.is_waiting = false;
  log.is_asking = false;
  look();
}

void LogShipper::welcomed() {
  for (auto& [id, log] : logs_) {
    log.is_waiting = false;
    // Another one may lead, that has nothing of a task that says nothing for long.
    log.is_asking = log.kept > log.start;
  }
  look();
}

void LogShipper::look_later() {
  if (is_timed_ || logs_.empty()) return;
  is_timed_ = true;
  timer_.expires_after(kLookEvery);
  timer_.async_wait([this](boost::system::error_code error) {
    is_timed_ = false;
    if (!error) look();
  });
}

void LogShipper::look() {
  std::vector<std::string> sent;
  for (auto log = logs_.begin(); log != logs_.end();) {
    const auto next = std::next(log);
    if (ship(log->first, log->second)) {
      sent.push_back(log->first);
      logs_.erase(log);
    }
    log = next;
  }
  look_later();
  for (const std::string& id : sent) on_sent_(id);
}

bool LogShipper::ship(const std::string& attempt_id, Log& log) {
  const auto now = std::chrono::steady_clock::now();
  // It could not be kept, a full disk for instance: that may be over.
  if (log.is_waiting && now - log.sent_at < kSendAgain) return false;
  std::string content = read_part(log.path, log.kept - log.start);
  const bool is_last = log.is_finished && content.size() < kPartBytes;
  if (content.empty() && is_last && !log.is_confirmed) return true;
  if (content.empty() && !is_last && !log.is_asking) return false;
  agentrpc::AgentMessage message;
  message.mutable_log()->set_attempt_id(attempt_id);
  message.mutable_log()->set_offset(log.kept);
  message.mutable_log()->set_is_first(log.kept == log.start);
  message.mutable_log()->set_is_last(is_last);
  message.mutable_log()->set_content(std::move(content));
  log.is_waiting = true;
  log.sent_at = now;
  send_(std::move(message));
  return false;
}

}  // namespace leoflow::agent
