#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "agentrpc/session.hpp"
#include "base/clock.hpp"
#include "base/ids.hpp"
#include "engine/ports.hpp"
#include "fleet/sent_work.hpp"

namespace leoflow::fleet {

/// A connected agent.
struct Agent {
  std::shared_ptr<agentrpc::AgentSession> session;
  std::string agent_id;
  std::string hostname;
  std::string unixname;
  std::uint32_t pid = 0;
  int slots = 0;
  Time connected_at;
  bool is_bound = false;  ///< to one attempt: it is sent nothing else
  std::set<Uuid> running;
  std::set<Uuid> unwanted;  ///< that it came with: they take slots, but nobody waits for their end
  SentWork sent;            ///< besides attempts
  Time busy_at;             ///< when it was last known to have something to do
  bool is_leaving = false;  ///< a host that was told to go, or the old stream of one that is back
  int free() const { return slots - static_cast<int>(running.size()); }
  const std::optional<agentrpc::BundleVersion>& host_of() const { return session->identity().bundle; }
  /// Whether it may be given what needs that Python.
  bool serves(const engine::PythonHome& home) const;
};

/// Which attempt is where. Not thread safe.
class Placement {
 public:
  Agent& add(std::shared_ptr<agentrpc::AgentSession> session, const agentrpc::Hello& hello, Time now);
  /// The agent is not connected any more; its attempts are unclaimed from now on.
  void remove(const agentrpc::AgentSession* session, Time now);
  Agent* find(const agentrpc::AgentSession* session);
  Agent* find_holder(const Uuid& attempt);
  /// The connected agent with the most free slots, if any has one.
  Agent* roomiest();
  /// One that serves what needs that Python.
  Agent* host_of(const engine::PythonHome& home);
  std::unordered_map<const agentrpc::AgentSession*, Agent>& all() { return agents_; }
  int free_slots() const;

  void assign(Agent& agent, const Uuid& attempt);
  void release(const Uuid& attempt);
  /// Nobody is known to run it; it is missing if nobody claims it until later.
  void unclaim(const Uuid& attempt, Time since);
  /// The time since then does not count for what is unclaimed.
  void leave_out(Duration time);
  /// No time before that counts for what is unclaimed.
  void count_from(Time start);
  /// Attempts of an agent process that is known to be dead.
  std::vector<Uuid> take_attempts_of(std::uint32_t pid);
  /// Attempts that were unclaimed at a time, which is another for each.
  std::vector<Uuid> take_missing(const std::function<Time(const Uuid&)>& at);

 private:
  struct Unclaimed {
    Time since;
    std::uint32_t pid = 0;  ///< of the agent that had it, if known
  };
  std::unordered_map<const agentrpc::AgentSession*, Agent> agents_;
  std::unordered_map<Uuid, Unclaimed, UuidHash> unclaimed_;
};

}  // namespace leoflow::fleet
