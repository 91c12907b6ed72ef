#include <algorithm>

#include "base/log.hpp"
#include "fleet/fleet.hpp"

// Agents that were launched for one thing: what they may say, and those of one attempt.
namespace leoflow::fleet {

using agentrpc::AgentMessage;
using agentrpc::AgentSession;
using agentrpc::ServerMessage;

bool Fleet::may_say(const AgentSession& session, const AgentMessage& message) {
  const auto& [attempt, bundle] = session.identity();
  if (attempt) return may_say_of(*attempt, message);
  if (!bundle) return true;
  const std::lock_guard lock(mutex_);
  const Agent* agent = placement_.find(&session);
  static const SentWork kNothing;  // was given to one that was not welcomed yet
  return may_say_as_host(agent == nullptr ? kNothing : agent->sent, message);
}

bool Fleet::may_say_of(const Uuid& attempt, const AgentMessage& message) {
  const std::string own = attempt.text();
  switch (message.kind_case()) {
    case AgentMessage::kStarted:
      return message.started().attempt_id() == own;
    case AgentMessage::kRefused:
      return message.refused().attempt_id() == own;
    case AgentMessage::kRequest:
      return message.request().attempt_id() == own;
    case AgentMessage::kFinished:
      return message.finished().attempt_id() == own;
    case AgentMessage::kLog:
      return message.log().attempt_id() == own;
    case AgentMessage::kHeartbeat:
      return std::ranges::all_of(message.heartbeat().attempt_ids(),
                                 [&](const auto& id) { return id == own; });
    case AgentMessage::kEnding:
      return message.ending().attempt_id() == own;
    case AgentMessage::kIdle:
    case AgentMessage::kHello:
    case AgentMessage::KIND_NOT_SET:
      return true;
    // It is asked for neither.
    case AgentMessage::kParsed:
    case AgentMessage::kTrigger:
      return false;
  }
  return false;
}

void Fleet::send_own_attempt(const std::shared_ptr<AgentSession>& session, const Uuid& attempt,
                             bool is_idle) {
  engine_->waiting_attempt(
      attempt, [this, session, attempt, is_idle](const std::optional<engine::AttemptSpec>& spec) {
        if (!spec && is_idle && keeper_ != nullptr) return keeper_->keep(attempt, session);
        if (!spec) {
          log::info("nobody waits for the agent of attempt {}; it may go", attempt.text());
          ServerMessage message;
          message.mutable_shutdown();
          return session->send(std::move(message));
        }
        // After a deferral the log of the try goes on.
        logs_->begin(attempt, log_name(*spec), spec->first_start.has_value(),
                     [this, session, attempt, start = start_of(*spec)](std::uint64_t kept) mutable {
                       start.set_log_offset(kept);
                       send_start(session, attempt, std::move(start));
                     });
      });
}

void Fleet::on_ending(const AgentSession& session) {
  if (const auto& own = session.identity().attempt; own && keeper_ != nullptr) keeper_->expect(*own);
}

void Fleet::on_idle(const std::shared_ptr<AgentSession>& session) {
  const auto& own = session->identity().attempt;
  if (!own || keeper_ == nullptr) return;
  {
    const std::lock_guard lock(mutex_);
    const Agent* agent = placement_.find(session.get());
    if (agent == nullptr || !agent->running.empty()) return;
  }
  keeper_->keep(*own, session);
}

void Fleet::send_start(const std::shared_ptr<AgentSession>& session, const Uuid& attempt,
                       agentrpc::StartAttempt start) {
  ServerMessage message;
  *message.mutable_start() = std::move(start);
  const std::lock_guard lock(mutex_);
  Agent* agent = placement_.find(session.get());
  if (agent == nullptr) return;  // it went away meanwhile and asks again
  placement_.assign(*agent, attempt);
  session->send(std::move(message));
}

void Fleet::on_log(const std::shared_ptr<AgentSession>& session, const agentrpc::LogPart& part) {
  const auto attempt = Uuid::parse(part.attempt_id());
  if (!attempt || logs_ == nullptr) return;
  logs_->append(*attempt, part, [session, id = part.attempt_id()](LogKeeper::Kept kept) {
    ServerMessage message;
    message.mutable_log_ack()->set_attempt_id(id);
    message.mutable_log_ack()->set_offset(kept.end);
    message.mutable_log_ack()->set_is_last(kept.is_whole);
    session->send(std::move(message));
  });
}

}  // namespace leoflow::fleet
