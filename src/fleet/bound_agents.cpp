#include <algorithm>

#include "agentrpc/farewell.hpp"
#include "base/log.hpp"
#include "fleet/fleet.hpp"

// Agents that were launched for one thing: what they may say, and those of one attempt.
namespace leoflow::fleet {

using agentrpc::AgentMessage;
using agentrpc::AgentSession;
using agentrpc::ServerMessage;

bool Fleet::may_say(const AgentSession& session, const AgentMessage& message) {
  const agentrpc::AgentIdentity& identity = session.identity();
  if (identity.attempt) return may_say_of(*identity.attempt, message);
  if (!identity.bundle) return true;
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

void Fleet::employ(const std::shared_ptr<AgentSession>& session, const Uuid& attempt, bool is_idle) {
  engine_->standing_of(attempt, [this, session, attempt, is_idle](const engine::AttemptStanding& standing) {
    if (const auto& spec = standing.queued) {
      // After a deferral the log of the try goes on.
      return logs_->begin(attempt, log_name(*spec), spec->first_start.has_value(),
                          [this, session, attempt, start = start_of(*spec)](std::uint64_t kept) mutable {
                            start.set_log_offset(kept);
                            send_start(session, attempt, std::move(start));
                          });
    }
    if (is_idle && standing.is_over && keep(session, attempt)) return;
    log::info("nobody waits for the agent of attempt {}; it may go", attempt.text());
    agentrpc::let_go(*session);
  });
}

bool Fleet::keep(const std::shared_ptr<AgentSession>& session, const Uuid& attempt) {
  if (keeper_ == nullptr) return false;
  const std::lock_guard lock(mutex_);
  if (placement_.find(session.get()) == nullptr) return false;
  // Tasks can read the token of their pod: of several that have it nobody knows which is its agent.
  for (const auto& [other, agent] : placement_.all()) {
    if (other != session.get() && !agent.is_leaving && other->identity().attempt == attempt) return false;
  }
  // Its end may have been told before, and the answer lost.
  placement_.release(attempt);
  keeper_->keep(attempt, session);
  return true;
}

void Fleet::on_ending(const AgentSession& session) {
  if (const auto& own = session.identity().attempt; own && keeper_ != nullptr) keeper_->expect(*own);
}

void Fleet::on_idle(const std::shared_ptr<AgentSession>& session) {
  if (const auto& own = session->identity().attempt) employ(session, *own, /*is_idle=*/true);
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
