#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <unordered_map>

#include "agentrpc/server.hpp"
#include "base/metrics.hpp"
#include "base/worker_pool.hpp"
#include "engine/engine.hpp"
#include "executor/kubernetes/client_pool.hpp"
#include "executor/kubernetes/pod_spec.hpp"
#include "executor/kubernetes/pod_status.hpp"
#include "executor/kubernetes/settings.hpp"
#include "executor/kubernetes/warm_pods.hpp"
#include "fleet/launcher.hpp"
#include "fleet/log_keeper.hpp"
#include "kube/watch.hpp"

namespace leoflow::executor {

struct KubernetesMetrics {
  metrics::Counter created_pods;
  metrics::Counter reused_pods;   ///< times that an idle one was given another attempt
  metrics::Counter lost_pods;     ///< whose attempts did not end by themselves
  metrics::Histogram creation{};  ///< the API server's answer to a new pod
  metrics::Counter refusals;      ///< of the API server, and requests without an answer
};

/// Runs each attempt in a pod of its own, or in one that has stayed after another attempt, and tells the
/// engine of pods that die; and hosts, which it makes again, later and later, for as long as somebody wants
/// them. After a restart it goes on with the pods that are there. Thread safe.
class KubernetesExecutor final : public fleet::Launcher,
                                 public fleet::HostLauncher,
                                 public fleet::AgentKeeper {
 public:
  /// All outlive it. @param logs  where it says what happened to a pod
  KubernetesExecutor(KubernetesSettings settings, engine::Engine& engine, fleet::LogKeeper& logs,
                     const Clock& clock);
  ~KubernetesExecutor() override;

  /// After the engine started. @param epoch  of whoever leads: pods of later ones are left alone
  void start(std::int64_t epoch);
  /// Pods go on. Safe to call twice.
  void stop();
  /// Another process may lead by now: until that is over no time passes, and nothing is asked of the API
  /// server for a pod.
  void stand_still(bool does);

  int free_slots() override;
  void launch(const engine::AttemptSpec& spec) override;
  void recall(const Uuid& attempt) override;
  bool knows_what_is_there() override;
  bool has_lost(const Uuid& attempt) override;
  void miss(const Uuid& attempt) override;
  void launch_host(const fleet::HostSpec& spec) override;
  void expect(const Uuid& attempt) override;
  void keep(const Uuid& attempt, std::shared_ptr<agentrpc::AgentSession> agent) override;
  void lost(const Uuid& attempt, const agentrpc::AgentSession& agent) override;

  /// Has the API server look at a pod's token. See agentrpc::Authenticate.
  void authenticate(const std::string& token, std::function<void(Result<agentrpc::AgentIdentity>)> then);

  /// Where the log of an attempt that has a pod is. See fleet::LogKeeper::FindPodsLog.
  std::optional<std::string> find_log(const Uuid& attempt);

  /// Those that take a slot: not the stranded ones, whose nodes do not answer.
  std::size_t pods();
  /// Those that wait for another attempt.
  std::size_t idle_pods();
  const KubernetesMetrics& metrics() const { return metrics_; }

 private:
  /// An idle pod that is being handed over.
  struct Taken {
    Uuid from;             ///< the attempt that it ran
    std::string log_path;  ///< of that
    std::string secret;    ///< that its agent was told
    std::shared_ptr<agentrpc::AgentSession> agent;
  };

  struct Pod {
    std::string name;
    std::string uid;                                ///< "" until the API server told it
    std::string version;                            ///< of what it told last
    std::uint64_t known_in = 0;                     ///< which listing was the last to begin before that
    std::string log_path;                           ///< of its attempt, below the folder of logs
    json::value manifest;                           ///< until it is made, or handed over
    std::string shape{};                            ///< "" for one that does not stay
    std::string secret_digest{};                    ///< see secret_digest_of
    std::optional<Taken> taken{};                   ///< it is not this attempt's yet
    std::optional<Time> waits_until{};              ///< for a pod that may be handed over
    bool is_unwanted = false;                       ///< to be deleted
    bool is_orphan = false;                         ///< nobody waits for its attempt; it may still deliver
    std::optional<agentrpc::BundleVersion> host{};  ///< it is one; of attempts there are ids otherwise
    std::optional<Time> silent_since{};             ///< a host that runs, but is wanted and not connected
    bool is_given_up = false;                       ///< it was silent for too long: it is not waited for
    std::string ending{};  ///< why Kubernetes ends it, until its attempt's log says so; "" if it does not
    int failures = 0;      ///< of what is being asked for it
    Time since;            ///< it is wanted
    PodStatus status{};
  };

  /// Why a host could not be, for the next attempt to make it.
  struct HostTrouble {
    int failures = 0;
    Time not_before;
    std::string reason;
  };

  /// An agent that wants to know whether its token is good.
  struct Review {
    std::string token;
    std::function<void(Result<agentrpc::AgentIdentity>)> then;
  };

  /// What the API server says of a pod.
  struct Told {
    Uuid owner;                ///< whose it is here
    bool is_outdated = false;  ///< it is from before it was handed over
  };

  // What the watch tells.
  void on_listing();
  void on_list(const json::array& pods);
  void on_event(std::string_view type, const json::value& pod);
  void on_trouble(const std::string& why);
  void apply(const Uuid& attempt, const json::value& object);
  void gone(const Uuid& attempt);
  /// The pod is there: from now on it has to start in time. With mutex_ held.
  void begin_waiting(const Uuid& attempt, Pod& pod);
  /// A pod is another leader's by now. With mutex_ held.
  void leave(const std::string& uid);
  /// Compares what is there with what the engine wants; once, after the first list.
  void adopt();
  /// Nobody waits for the attempt of a pod that is there.
  void let_go(const Uuid& attempt);
  /// Its agent may go, or come back, in its own time, which is limited. With mutex_ held.
  void make_orphan(const Uuid& attempt, Pod& pod);
  /// No node has room for its pod: idle ones go, one after the other, until one has. With mutex_ held.
  void seek_room(const Uuid& attempt);
  /// Nothing for one that is none of ours.
  std::optional<Told> told_of(const json::value& object);

  // handing_over.cpp; with mutex_ held
  /// Gives the attempt an idle pod, or has it wait for one that is expected, or neither.
  void find_warm_pod(const Uuid& attempt);
  void hand_over(WarmPods::Idle idle, const Uuid& to);
  void let_oldest_go();
  /// A pod is handed over that has been idle since a time after that.
  Time idle_after(Time now) const;
  // handing_over.cpp; on the workers
  void take_over(const Uuid& attempt, Pod pod);
  void taken_over(const Uuid& attempt, const json::value& object);
  /// It cannot have the pod that it was to have. @param is_gone  there is no such pod
  void make_own(const Uuid& attempt, const Pod& taken, bool is_gone);

  // What is asked of the API server, on the workers.
  /// Does what there is to do; nobody else does at that time, but then it is looked at once more.
  void work_on(const Uuid& attempt);
  void ask_for(const Uuid& attempt);
  void create(const Uuid& attempt, const Pod& pod);
  void remove(const Uuid& attempt, const Pod& pod);
  void try_again(const Uuid& attempt, std::chrono::seconds at_least, const std::string& why);
  void post(const Uuid& attempt);
  /// Answers the agent that has waited longest.
  void review_next();
  Result<agentrpc::AgentIdentity> review(const std::string& token);
  Result<agentrpc::AgentIdentity> identity_of_pod(const std::string& name, const std::string& uid);

  /// It can have no pod: that will not change by trying again.
  void refuse(const Uuid& attempt, const std::string& log_path, const std::string& reason);
  /// Its pod is no good: says so to the engine, and in the attempt's log unless it had ended before. That of
  /// a host is made again, if it is still wanted then.
  void drop(const Uuid& attempt, const std::string& reason);
  /// Likewise, and deletes the pod.
  void lose(const Uuid& attempt, const std::string& reason);
  /// Kubernetes ends its pod: that explains nothing of an attempt that had ended before.
  void forget_ending_if_over(const Uuid& attempt);
  void forget(const Uuid& attempt);
  /// With mutex_ held.
  void note_trouble(const Uuid& host, const Pod& pod, const std::string& reason);
  /// Its time to look at it again has come.
  void look_at(const Uuid& attempt, const Pod& pod, Time now);
  /// Its pod runs for a while: gives it up, for that reason, if its agent never came.
  void await_agent(const Uuid& attempt, const std::string& reason);
  /// With mutex_ held.
  std::size_t taken_slots() const { return pods_.size() - hosts_ - warm_.idle() - stranded_.size(); }
  void wait_for_due();

  // constant
  const KubernetesSettings settings_;
  engine::Engine& engine_;
  fleet::LogKeeper& logs_;
  const Clock& clock_;
  ClientPool clients_;
  std::int64_t epoch_ = 0;  ///< constant after start()

  // protected by mutex_
  std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_map<Uuid, Pod, UuidHash> pods_;       ///< by attempt or host, until their pods have ended
  std::size_t hosts_ = 0;                              ///< of those, how many are hosts: they take no slot
  WarmPods warm_;                                      ///< idle ones take no slot either
  std::set<Uuid> stranded_;                            ///< attempts whose pods are: they take no slot either
  std::unordered_map<std::string, Uuid> handed_over_;  ///< whose a pod is now, by its uid
  std::map<Uuid, bool> at_work_;                       ///< whether to look at it once more afterwards
  std::map<Uuid, HostTrouble> troubles_;               ///< by host
  std::multimap<Time, Uuid> due_;                      ///< when to look at a pod again
  std::deque<Review> reviews_;                         ///< that wait
  int reviewing_ = 0;                                  ///< workers that are at one, or will be
  std::uint64_t listings_ = 0;                         ///< begun
  std::optional<Time> still_since_;
  bool is_listed_ = false;
  bool stopping_ = false;

  KubernetesMetrics metrics_;
  kube::Watch watch_;
  std::thread timer_;
  std::optional<WorkerPool> workers_;  // last: it uses all of the above
};

}  // namespace leoflow::executor
