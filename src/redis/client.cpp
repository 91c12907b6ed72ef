#include "redis/client.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace leoflow::redis {
namespace {

/// More than these are closed after use: there are so many when many ask at once.
constexpr std::size_t kMostIdle = 8;

}  // namespace

Client::Client(Address address, std::string prefix, ClientOptions options)
    : address_(std::move(address)),
      prefix_(std::move(prefix)),
      options_(options),
      tls_(address_.is_tls ? make_tls(address_.ca_file) : nullptr),
      resolver_(address_.host, address_.port),
      pause_(options.first_pause) {}

std::optional<Reply> Client::ask(const Command& command) {
  std::unique_ptr<Connection> connection;
  std::uint64_t outage = 0;
  {
    const Lock lock(mutex_);
    const Moment now = std::chrono::steady_clock::now();
    if (now < away_until_) return std::nullopt;
    outage = outages_;
    connection = idle_connection(lock);
    // One looks whether it is back; nobody waits for that one.
    if (!is_up_.value_or(true)) away_until_ = now + 3 * options_.limit;
  }
  if (!connection) {
    auto opened = Connection::open(address_, resolver_, tls_, options_.limit);
    if (!opened) return note_failure(opened.error(), outage), std::nullopt;
    connection = std::move(*opened);
  }
  auto reply = connection->ask(command);
  if (!reply && reply.error().code == ErrorCode::unavailable)
    return note_failure(reply.error(), outage), std::nullopt;
  // Where it may not write, another server may be the one that may.
  if (!reply) connection.reset();
  note_answer(std::move(connection));
  if (!reply) return note_refusal(reply.error()), std::nullopt;
  return std::move(*reply);
}

std::optional<Reply> Client::run(const char* script, const std::string& key, const Command& arguments) {
  Command command{"EVAL", script, "1", key};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return ask(command);
}

std::unique_ptr<Connection> Client::idle_connection(const Lock&) {
  while (!idle_.empty()) {
    std::unique_ptr<Connection> out = std::move(idle_.back());
    idle_.pop_back();
    // Redis closes those that are idle for long, and all when it ends.
    if (out->is_quiet()) return out;
  }
  return nullptr;
}

void Client::note_answer(std::unique_ptr<Connection> connection) {
  const Lock lock(mutex_);
  if (connection && idle_.size() < kMostIdle) idle_.push_back(std::move(connection));
  away_until_ = {};
  pause_ = options_.first_pause;
  if (!std::exchange(is_up_, true).value_or(false)) log::info("{} answers", address_.text());
}

void Client::note_refusal(const Error& error) {
  failures_.add();
  const Lock lock(mutex_);
  if (refusals_.insert(error.message).second) log::warning("{}: {}", address_.text(), error.message);
}

void Client::note_failure(const Error& error, std::uint64_t outage) {
  failures_.add();
  const Lock lock(mutex_);
  // Others that asked at the same time have said it.
  if (outage != outages_) return;
  ++outages_;
  idle_.clear();
  away_until_ = std::chrono::steady_clock::now() + pause_;
  pause_ = std::min(pause_ * 2, options_.longest_pause);
  if (std::exchange(is_up_, false).value_or(true))
    log::warning("{} is done without: {}", address_.text(), error.message);
}

}  // namespace leoflow::redis
