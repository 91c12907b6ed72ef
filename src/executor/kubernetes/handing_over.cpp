#include "agentrpc/farewell.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "executor/kubernetes/answers.hpp"
#include "executor/kubernetes/kubernetes_executor.hpp"

// Pods that stay after their attempts: docs/adr/0012-warm-pods.md.
namespace leoflow::executor {
namespace {

/// How often a pod is looked at again that has changed between two requests.
constexpr int kMostLooks = 3;
constexpr std::size_t kSecretBytes = 32;

void tell_secret(agentrpc::AgentSession& agent, const std::string& secret) {
  agentrpc::ServerMessage message;
  message.mutable_come_back()->set_secret(secret);
  agent.send(std::move(message));
}

/// Whether it runs an attempt's agent still, and will for a while.
bool may_be_handed_over(const json::value& pod, const Uuid& from, std::int64_t epoch) {
  return attempt_of(pod) == from && epoch_of(pod) <= epoch && !is_being_deleted(pod) &&
         pod_status(pod).phase == PodPhase::running;
}

}  // namespace

std::size_t KubernetesExecutor::idle_pods() {
  const std::lock_guard lock(mutex_);
  return warm_.idle();
}

Time KubernetesExecutor::idle_after(Time now) const {
  // Its agent looks at its own clock: what it has left must do for it to be told.
  return now - settings_.warm->idle_limit + settings_.warm->idle_limit / 4;
}

void KubernetesExecutor::expect(const Uuid& attempt) {
  const std::lock_guard lock(mutex_);
  const auto found = pods_.find(attempt);
  if (found == pods_.end() || found->second.shape.empty() || found->second.is_unwanted) return;
  warm_.expect(attempt, found->second.shape, clock_.now());
}

void KubernetesExecutor::keep(const Uuid& attempt, std::shared_ptr<agentrpc::AgentSession> agent) {
  std::optional<Uuid> next;
  {
    const std::lock_guard lock(mutex_);
    const auto found = pods_.find(attempt);
    // Its pod is not listed yet, or was handed over while it connected: then it is somebody else's. It will
    // ask anew.
    if (found == pods_.end()) return agent->close();
    Pod& pod = found->second;
    if (pod.shape.empty() || pod.is_unwanted) return agentrpc::let_go(*agent);
    pod.is_orphan = false;
    WarmPods::Idle idle{attempt, pod.shape, std::move(agent), clock_.now()};
    warm_.forget(attempt);
    next = warm_.take_waiting(pod.shape);
    if (next && pods_.contains(*next)) {
      hand_over(std::move(idle), *next);
    } else {
      warm_.add(std::move(idle));
      if (warm_.idle() > static_cast<std::size_t>(settings_.warm->most_idle)) let_oldest_go();
    }
  }
  next ? post(*next) : engine_.wake();  // a slot is free
}

void KubernetesExecutor::lost(const Uuid& attempt, const agentrpc::AgentSession& agent) {
  const std::lock_guard lock(mutex_);
  if (!warm_.forget_agent(attempt, &agent)) return;
  // It may come back.
  if (const auto found = pods_.find(attempt); found != pods_.end()) make_orphan(attempt, found->second);
}

void KubernetesExecutor::let_oldest_go() {
  const auto oldest = warm_.take_oldest();
  if (!oldest) return;
  agentrpc::let_go(*oldest->agent);
  if (const auto found = pods_.find(oldest->attempt); found != pods_.end())
    make_orphan(oldest->attempt, found->second);
}

void KubernetesExecutor::find_warm_pod(const Uuid& attempt) {
  Pod& pod = pods_.at(attempt);
  const Time now = clock_.now();
  if (auto idle = warm_.take(pod.shape, idle_after(now))) return hand_over(std::move(*idle), attempt);
  if (!warm_.is_worth_waiting(pod.shape, now)) return;
  warm_.wait(attempt, pod.shape);
  pod.waits_until = now + WarmPods::kPatience;
  due_.emplace(*pod.waits_until, attempt);
  changed_.notify_all();
}

void KubernetesExecutor::hand_over(WarmPods::Idle idle, const Uuid& to) {
  const auto from = pods_.find(idle.attempt);
  Pod& pod = pods_.at(to);
  pod.waits_until.reset();
  pod.taken = Taken{idle.attempt, from->second.log_path, random_hex(kSecretBytes), std::move(idle.agent)};
  // Long before its connection is ended. If it does not hear it all the same, it is refused, and goes.
  tell_secret(*pod.taken->agent, pod.taken->secret);
  pod.name = std::move(from->second.name);
  pod.uid = std::move(from->second.uid);
  pod.version = std::move(from->second.version);
  pod.secret_digest = std::move(from->second.secret_digest);
  pod.status = std::move(from->second.status);
  pod.known_in = listings_;
  handed_over_[pod.uid] = to;
  pods_.erase(from);
}

void KubernetesExecutor::take_over(const Uuid& attempt, Pod pod) {
  const std::string path = kube::pods_path(settings_.name_space, pod.name);
  // What was asked before may have been done, though nobody heard the answer. Without a version it would be
  // changed whatever has become of it.
  bool must_look = pod.failures > 0 || pod.version.empty();
  for (int looks = 0;; ++looks) {
    if (std::exchange(must_look, true)) {
      const auto seen = clients_.use([&](kube::Client& client) { return client.get(path); });
      if (!seen) return try_again(attempt, {}, seen.error().message);
      if (seen->status == 404) return make_own(attempt, pod, /*is_gone=*/true);
      if (!seen->is_ok()) return try_again(attempt, seen->retry_after, seen->message());
      if (uid_of(seen->body) != pod.uid) return make_own(attempt, pod, /*is_gone=*/true);
      if (attempt_of(seen->body) == attempt) return taken_over(attempt, seen->body);
      if (!may_be_handed_over(seen->body, pod.taken->from, epoch_))
        return make_own(attempt, pod, /*is_gone=*/false);
      pod.version = version_of(seen->body);
    }
    if (looks == kMostLooks) break;
    const json::value changes =
        hand_over_patch(pod.manifest, pod.uid, pod.version, sha256_hex(pod.taken->secret));
    const auto answer = clients_.use([&](kube::Client& client) { return client.patch(path, changes); });
    if (!answer) return try_again(attempt, {}, answer.error().message);
    if (answer->is_ok()) return taken_over(attempt, answer->body);
    if (answer->status == 404) return make_own(attempt, pod, /*is_gone=*/true);
    if (answer->status == 409) continue;  // it changed since it was seen last
    if (is_transient(*answer)) return try_again(attempt, answer->retry_after, answer->message());
    metrics_.refusals.add();
    log::warning("the pod {} cannot be handed over: {}", pod.name, answer->message());
    break;
  }
  make_own(attempt, pod, /*is_gone=*/false);
}

void KubernetesExecutor::taken_over(const Uuid& attempt, const json::value& object) {
  std::shared_ptr<agentrpc::AgentSession> agent;
  {
    const std::lock_guard lock(mutex_);
    const auto found = pods_.find(attempt);
    if (found == pods_.end() || !found->second.taken) return;
    Pod& pod = found->second;
    agent = std::move(pod.taken->agent);
    pod.taken.reset();
    pod.secret_digest = secret_digest_of(object);
    pod.manifest = nullptr;
    pod.failures = 0;
    pod.known_in = listings_;
    metrics_.reused_pods.add();
    begin_waiting(attempt, pod);
  }
  // What was told of it meanwhile waited for this.
  apply(attempt, object);
  agent->close();
}

void KubernetesExecutor::make_own(const Uuid& attempt, const Pod& taken, bool is_gone) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = pods_.find(attempt);
    if (found == pods_.end() || !found->second.taken) return;
    Pod& pod = found->second;
    const Taken other = std::move(*pod.taken);
    pod.taken.reset();
    handed_over_.erase(pod.uid);
    pod.name = get_text(pod.manifest.at("metadata"), "name");
    pod.uid.clear();
    pod.version.clear();
    pod.secret_digest.clear();
    pod.status = {};
    pod.failures = 0;
    if (!is_gone) {
      agentrpc::let_go(*other.agent);
      Pod left{.name = taken.name, .uid = taken.uid, .log_path = other.log_path, .since = clock_.now()};
      left.known_in = listings_;
      left.secret_digest = taken.secret_digest;
      left.status.phase = PodPhase::running;
      const auto [at, is_new] = pods_.try_emplace(other.from, std::move(left));
      if (is_new) make_orphan(other.from, at->second);
    }
  }
  // One that nobody wants any more needs none.
  post(attempt);
}

}  // namespace leoflow::executor
