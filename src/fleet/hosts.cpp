#include <algorithm>
#include <fmt/format.h>

#include "agentrpc/askers.hpp"
#include "agentrpc/farewell.hpp"
#include "base/log.hpp"
#include "fleet/fleet.hpp"

// Agents that serve what needs the Python of one version of a project: triggers, callbacks and questions.
namespace leoflow::fleet {
namespace {

using agentrpc::AgentMessage;
using agentrpc::trigger_of;

}  // namespace

bool Fleet::may_say_as_host(const SentWork& sent, const AgentMessage& message) {
  switch (message.kind_case()) {
    case AgentMessage::kRequest: {
      const std::string& asker = message.request().attempt_id();
      if (const auto trigger = trigger_of(asker)) return sent.contains(*trigger);
      // What the process that runs the triggers asks for itself is on nobody's behalf. A trigger's id by
      // itself is that of the attempt that goes on after it.
      return asker == "triggers" || (!Uuid::parse(asker) && sent.contains(asker));
    }
    case AgentMessage::kLog:
      return sent.contains(message.log().attempt_id());
    case AgentMessage::kParsed:
      return sent.contains(message.parsed().parse_id());
    case AgentMessage::kTrigger:
      return sent.contains(message.trigger().trigger_id());
    case AgentMessage::kHeartbeat:
      return message.heartbeat().attempt_ids().empty();
    case AgentMessage::kHello:
    case AgentMessage::KIND_NOT_SET:
      return true;
    // It runs no attempts.
    case AgentMessage::kStarted:
    case AgentMessage::kRefused:
    case AgentMessage::kFinished:
    case AgentMessage::kEnding:
    case AgentMessage::kIdle:
      return false;
  }
  return false;
}

tasks::Caller Fleet::caller_of(const std::string& asker) {
  const auto of = [&](const auto& works, const std::string& id) {
    const auto found = works.find(id);
    // It has ended meanwhile, and has no rights any more.
    return tasks::Caller{{}, found == works.end() ? tasks::Behalf{} : found->second.behalf};
  };
  if (const auto trigger = trigger_of(asker)) return of(triggers_, *trigger);
  if (const auto attempt = Uuid::parse(asker)) return {*attempt};
  return of(parse_jobs_, asker);
}

std::string Fleet::lack_of(const engine::PythonHome& home) const {
  if (hosts_ == nullptr || home.image) return "";
  return fmt::format("version '{}' of project '{}' has no image to run it in: compile it with --image",
                     home.bundle_version.value_or(""), home.bundle_name);
}

void Fleet::give(Agent& agent, Work& work, const std::string& id) const {
  work.sent_to = agent.session.get();
  agent.sent.add(id);
  agent.busy_at = clock_.now();
}

void Fleet::take_back(const agentrpc::AgentSession* session) {
  each_work([&](Work& work) {
    if (work.sent_to != session) return;
    work.sent_to = nullptr;
    work.waits_since = clock_.now();
  });
}

void Fleet::end(const Work& work, const std::string& id) {
  if (Agent* agent = work.sent_to == nullptr ? nullptr : placement_.find(work.sent_to)) {
    agent->sent.end(id);
    agent->busy_at = clock_.now();
  }
}

std::set<HostSpec> Fleet::missing_hosts() {
  std::set<HostSpec> out;
  if (hosts_ == nullptr) return out;
  each_work([&](const Work& work) {
    if (work.sent_to != nullptr) return;
    out.insert(
        {{work.home.bundle_name, work.home.bundle_version.value_or("")}, work.home.image.value_or("")});
  });
  return out;
}

void Fleet::let_idle_hosts_go() {
  std::set<const agentrpc::AgentSession*> busy;
  each_work([&](const Work& work) { busy.insert(work.sent_to); });
  for (auto& [session, agent] : placement_.all()) {
    if (!agent.host_of() || agent.is_leaving) continue;
    if (busy.contains(session)) agent.busy_at = clock_.now();
    if (clock_.now() - agent.busy_at < options_.host_idle_limit || busy.contains(session)) continue;
    agent.is_leaving = true;
    log::info("the host of version '{}' of project '{}' has nothing to do; it may go",
              agent.host_of()->version, agent.host_of()->name);
    agentrpc::let_go(*agent.session);
  }
}

std::optional<Time> Fleet::waiting_since() {
  std::optional<Time> out;
  each_work([&](const Work& work) {
    if (work.sent_to == nullptr && (!out || work.waits_since < *out)) out = work.waits_since;
  });
  return out;
}

}  // namespace leoflow::fleet
