#include "fleet/placement.hpp"

#include <algorithm>

namespace leoflow::fleet {

bool Agent::serves(const engine::PythonHome& home) const {
  if (is_bound || is_leaving) return false;
  const auto& bundle = host_of();
  return !bundle || (bundle->name == home.bundle_name && bundle->version == home.bundle_version);
}

Agent& Placement::add(std::shared_ptr<agentrpc::AgentSession> session, const agentrpc::Hello& hello,
                      Time now) {
  const agentrpc::AgentSession* key = session.get();
  Agent& agent = agents_[key];
  agent.session = std::move(session);
  agent.agent_id = hello.agent_id();
  agent.hostname = hello.hostname();
  agent.unixname = hello.unixname();
  agent.pid = hello.pid();
  agent.is_bound = agent.session->identity().attempt.has_value();
  agent.slots = agent.is_bound || agent.host_of() ? 0 : static_cast<int>(hello.slots());
  agent.connected_at = agent.busy_at = now;
  return agent;
}

void Placement::remove(const agentrpc::AgentSession* session, Time now) {
  const auto found = agents_.find(session);
  if (found == agents_.end()) return;
  const std::set<Uuid> running = std::move(found->second.running);
  const std::uint32_t pid = found->second.pid;
  agents_.erase(found);
  for (const Uuid& attempt : running) {
    // The agent may have come back, and said so, before its old stream was seen to end.
    if (find_holder(attempt) == nullptr) unclaimed_[attempt] = {now, pid};
  }
}

Agent* Placement::find(const agentrpc::AgentSession* session) {
  const auto found = agents_.find(session);
  return found == agents_.end() ? nullptr : &found->second;
}

Agent* Placement::find_holder(const Uuid& attempt) {
  for (auto& [session, agent] : agents_) {
    if (agent.running.contains(attempt)) return &agent;
  }
  return nullptr;
}

Agent* Placement::roomiest() {
  Agent* best = nullptr;
  for (auto& [session, agent] : agents_) {
    if (agent.free() > 0 && (best == nullptr || agent.free() > best->free())) best = &agent;
  }
  return best;
}

Agent* Placement::host_of(const engine::PythonHome& home) {
  for (auto& [session, agent] : agents_) {
    if (agent.serves(home)) return &agent;
  }
  return nullptr;
}

int Placement::free_slots() const {
  int sum = 0;
  for (const auto& [session, agent] : agents_) sum += std::max(0, agent.free());
  return sum;
}

void Placement::assign(Agent& agent, const Uuid& attempt) {
  // An agent may be back before its old stream is seen to end: what is sent there is lost.
  for (auto& [session, other] : agents_) other.running.erase(attempt);
  agent.running.insert(attempt);
  unclaimed_.erase(attempt);
}

void Placement::release(const Uuid& attempt) {
  for (auto& [session, agent] : agents_) agent.running.erase(attempt);
  unclaimed_.erase(attempt);
}

void Placement::unclaim(const Uuid& attempt, Time since) {
  if (find_holder(attempt) == nullptr) unclaimed_.try_emplace(attempt, Unclaimed{since, 0});
}

void Placement::leave_out(Duration time) {
  for (auto& [attempt, unclaimed] : unclaimed_) unclaimed.since += time;
}

void Placement::count_from(Time start) {
  for (auto& [attempt, unclaimed] : unclaimed_) unclaimed.since = std::max(unclaimed.since, start);
}

std::vector<Uuid> Placement::take_attempts_of(std::uint32_t pid) {
  std::vector<Uuid> out;
  for (auto& [session, agent] : agents_) {
    if (agent.pid != pid) continue;
    out.insert(out.end(), agent.running.begin(), agent.running.end());
    agent.running.clear();
    agent.slots = 0;  // its stream has not noticed yet
  }
  std::erase_if(unclaimed_, [&](const auto& entry) {
    if (entry.second.pid != pid) return false;
    out.push_back(entry.first);
    return true;
  });
  return out;
}

std::vector<Uuid> Placement::take_missing(const std::function<Time(const Uuid&)>& at) {
  std::vector<Uuid> out;
  std::erase_if(unclaimed_, [&](const auto& entry) {
    if (entry.second.since > at(entry.first)) return false;
    out.push_back(entry.first);
    return true;
  });
  return out;
}

}  // namespace leoflow::fleet
