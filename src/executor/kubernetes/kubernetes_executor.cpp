#include "executor/kubernetes/kubernetes_executor.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <random>

#include "base/log.hpp"
#include "executor/kubernetes/answers.hpp"
#include "tasks/log_path.hpp"

namespace leoflow::executor {
namespace {

/// So many requests are under way at once: more would only wait at the API server.
constexpr int kWorkers = 4;
/// Of those, for the tokens of agents: whoever presents many keeps no pod from being made.
constexpr int kReviewers = 2;
/// That wait at once: more agents than that come back to no new leader.
constexpr std::size_t kMostReviews = 5000;
constexpr std::chrono::milliseconds kFirstPause{250};
constexpr int kMostDoublings = 7;
constexpr std::chrono::seconds kOrphanGrace{60};
/// For the scheduler to find a node once an idle pod has gone.
constexpr std::chrono::seconds kRoomPause{5};
/// A host that lived so long was well: its end is no reason to wait before there is another.
constexpr std::chrono::seconds kHostIsWell{60};
/// For a host that runs to connect, when something waits for it: as long as for the agent of an attempt.
constexpr std::chrono::seconds kHostSilence{300};

/// Grows with each failure; up to half of it is chance, so that pods do not all come again at once.
Duration pause_after(int failures) {
  static thread_local std::minstd_rand random{std::random_device{}()};
  const Duration most = kFirstPause * (1 << std::min(failures, kMostDoublings));
  return most / 2 + most / 2 * static_cast<std::int64_t>(random() % 1000) / 1000;
}

}  // namespace

KubernetesExecutor::KubernetesExecutor(KubernetesSettings settings, engine::Engine& engine,
                                       fleet::LogKeeper& logs, const Clock& clock)
    : settings_(std::move(settings)),
      engine_(engine),
      logs_(logs),
      clock_(clock),
      clients_(settings_.access),
      watch_(settings_.access, kube::pods_path(settings_.name_space), pods_query(settings_),
             {.on_listing = [this] { on_listing(); },
              .on_list = [this](const json::array& pods) { on_list(pods); },
              .on_event = [this](std::string_view type, const json::value& pod) { on_event(type, pod); },
              .on_trouble = [this](const std::string& why) { on_trouble(why); }}),
      workers_(std::in_place, kWorkers) {}

KubernetesExecutor::~KubernetesExecutor() {
  stop();
}

void KubernetesExecutor::start(std::int64_t epoch) {
  epoch_ = epoch;
  watch_.start();
  timer_ = std::thread([this] { wait_for_due(); });
}

void KubernetesExecutor::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  watch_.stop();
  if (timer_.joinable()) timer_.join();
  workers_.reset();
}

void KubernetesExecutor::stand_still(bool does) {
  const std::lock_guard lock(mutex_);
  if (does) {
    if (!still_since_) still_since_ = clock_.now();
    return;
  }
  const auto since = std::exchange(still_since_, std::nullopt);
  if (!since) return;
  const Duration time = std::max(Duration{0}, clock_.now() - *since);
  std::multimap<Time, Uuid> due;
  for (const auto& [at, attempt] : due_) due.emplace(at + time, attempt);
  due_ = std::move(due);
  for (auto& [attempt, pod] : pods_) {
    pod.since += time;
    if (pod.silent_since) *pod.silent_since += time;
    if (pod.waits_until) *pod.waits_until += time;
  }
  changed_.notify_all();
}

int KubernetesExecutor::free_slots() {
  const std::lock_guard lock(mutex_);
  // Until it is known what is there, nothing more is started.
  if (!is_listed_) return 0;
  return std::max(0, settings_.parallelism - static_cast<int>(taken_slots()));
}

std::optional<std::string> KubernetesExecutor::find_log(const Uuid& attempt) {
  const std::lock_guard lock(mutex_);
  if (const auto found = pods_.find(attempt); found != pods_.end()) return found->second.log_path;
  if (!is_listed_) return std::nullopt;
  return "";
}

std::size_t KubernetesExecutor::pods() {
  const std::lock_guard lock(mutex_);
  return taken_slots();
}

void KubernetesExecutor::launch(const engine::AttemptSpec& spec) {
  std::string log_path =
      tasks::relative_log_path(spec.dag_id, spec.run_id, spec.task_id, spec.map_index, spec.try_number);
  if (!spec.image) {
    return refuse(
        spec.id, log_path,
        fmt::format("version '{}' of project '{}' has no image to run it in: compile it with --image",
                    spec.bundle_version.value_or(""), spec.bundle_name));
  }
  auto manifest = pod_of(spec, settings_, epoch_);
  if (!manifest) return refuse(spec.id, log_path, manifest.error().message);
  std::string shape = shape_of(*manifest);
  {
    const std::lock_guard lock(mutex_);
    Pod pod{.name = pod_name(spec),
            .log_path = std::move(log_path),
            .manifest = std::move(*manifest),
            .shape = std::move(shape),
            .since = clock_.now()};
    const auto [at, is_new] = pods_.try_emplace(spec.id, std::move(pod));
    if (!is_new) return;
    if (!at->second.shape.empty()) find_warm_pod(spec.id);
    if (at->second.waits_until) return;
  }
  post(spec.id);
}

void KubernetesExecutor::launch_host(const fleet::HostSpec& spec) {
  const Uuid id = host_id(spec.bundle, settings_);
  {
    const std::lock_guard lock(mutex_);
    const Time now = clock_.now();
    const auto found = pods_.find(id);
    if (found != pods_.end()) {
      Pod& pod = found->second;
      if (pod.is_unwanted || pod.status.phase != PodPhase::running) return;
      if (!pod.silent_since) pod.silent_since = now;
      if (now - *pod.silent_since < kHostSilence) return;
      note_trouble(id, pod, "its pod runs, but its agent does not connect");
      pod.is_unwanted = pod.is_given_up = true;
    } else {
      const auto trouble = troubles_.find(id);
      if (!is_listed_ || (trouble != troubles_.end() && now < trouble->second.not_before)) return;
      pods_.emplace(id, Pod{.name = host_pod_name(spec.bundle, settings_),
                            .manifest = host_pod_of(spec, settings_, epoch_),
                            .host = spec.bundle,
                            .since = now});
      ++hosts_;
    }
  }
  post(id);
}

void KubernetesExecutor::note_trouble(const Uuid& host, const Pod& pod, const std::string& reason) {
  // It went as it was told to, or this is known.
  if (pod.status.phase == PodPhase::succeeded || pod.is_unwanted) return;
  const Time now = clock_.now();
  const bool was_well = now - pod.since > kHostIsWell;
  HostTrouble& trouble = troubles_[host];
  if (reason != trouble.reason || was_well)
    log::warning("the host of version '{}' of project '{}': {}", pod.host->version, pod.host->name, reason);
  trouble.failures = was_well ? 1 : trouble.failures + 1;
  trouble.not_before = now + pause_after(trouble.failures);
  trouble.reason = reason;
}

void KubernetesExecutor::refuse(const Uuid& attempt, const std::string& log_path, const std::string& reason) {
  metrics_.lost_pods.add();
  engine_.attempts_lost({attempt}, reason);
  logs_.note(attempt, log_path, reason);
}

void KubernetesExecutor::recall(const Uuid& attempt) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = pods_.find(attempt);
    if (found == pods_.end()) return;
    found->second.is_unwanted = true;
    warm_.forget(attempt);
  }
  post(attempt);
}

bool KubernetesExecutor::knows_what_is_there() {
  const std::lock_guard lock(mutex_);
  return is_listed_;
}

bool KubernetesExecutor::has_lost(const Uuid& attempt) {
  const std::lock_guard lock(mutex_);
  return stranded_.contains(attempt);
}

void KubernetesExecutor::miss(const Uuid& attempt) {
  std::string reason = "its agent did not come back";
  bool is_known = false;
  {
    const std::lock_guard lock(mutex_);
    const auto found = pods_.find(attempt);
    is_known = found != pods_.end();
    // One that has not started has a limit of its own.
    if (is_known && found->second.status.phase == PodPhase::pending) return;
    if (is_known && found->second.status.is_node_lost) reason = found->second.status.reason;
  }
  is_known ? lose(attempt, reason) : engine_.attempts_missing({attempt}, reason);
}

void KubernetesExecutor::drop(const Uuid& attempt, const std::string& reason) {
  std::string log_path;
  std::string ending;
  {
    const std::lock_guard lock(mutex_);
    const auto found = pods_.find(attempt);
    if (found == pods_.end()) return;
    if (found->second.host) return note_trouble(attempt, found->second, reason);
    log_path = found->second.log_path;
    ending = std::exchange(found->second.ending, "");
  }
  // How it ended follows from why it had to.
  const std::string why = ending.empty() ? reason : ending;
  engine_.attempt_dropped(attempt, why, [this, attempt, log_path, why, ending](bool was_active) {
    if (was_active) {
      log::warning("the pod of attempt {}: {}", attempt.text(), why);
      metrics_.lost_pods.add();
      logs_.note(attempt, log_path, why);
    } else if (!ending.empty()) {
      // Its agent has reported what became of the task when the pod was told to end.
      logs_.note_unless_succeeded(attempt, log_path, ending);
    }
  });
}

void KubernetesExecutor::forget_ending_if_over(const Uuid& attempt) {
  engine_.standing_of(attempt, [this, attempt](const engine::AttemptStanding& standing) {
    if (!standing.is_over) return;
    const std::lock_guard lock(mutex_);
    if (const auto found = pods_.find(attempt); found != pods_.end()) found->second.ending.clear();
  });
}

void KubernetesExecutor::lose(const Uuid& attempt, const std::string& reason) {
  drop(attempt, reason);
  {
    // The next host has the name of this one, whose node may never say that it has ended.
    const std::lock_guard lock(mutex_);
    const auto found = pods_.find(attempt);
    if (found != pods_.end() && found->second.host) found->second.is_given_up = true;
  }
  recall(attempt);
}

void KubernetesExecutor::forget(const Uuid& attempt) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = pods_.find(attempt);
    if (found == pods_.end()) return;
    if (found->second.host) --hosts_;
    warm_.forget(attempt);
    stranded_.erase(attempt);
    handed_over_.erase(found->second.uid);
    pods_.erase(found);
  }
  engine_.wake();  // a slot is free
}

void KubernetesExecutor::on_listing() {
  const std::lock_guard lock(mutex_);
  ++listings_;
}

void KubernetesExecutor::on_list(const json::array& objects) {
  std::set<Uuid> there;
  for (const json::value& object : objects) {
    const auto told = told_of(object);
    if (!told) continue;
    there.insert(told->owner);
    if (!told->is_outdated) apply(told->owner, object);
  }
  std::vector<Uuid> vanished;
  bool is_first = false;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [attempt, pod] : pods_) {
      // One that was made meanwhile need not be in the list.
      const bool was_known = !pod.uid.empty() && pod.known_in < listings_ && !pod.taken;
      if (was_known && !there.contains(attempt)) vanished.push_back(attempt);
    }
    is_first = !std::exchange(is_listed_, true);
  }
  for (const Uuid& attempt : vanished) gone(attempt);
  if (is_first) adopt();
}

std::optional<KubernetesExecutor::Told> KubernetesExecutor::told_of(const json::value& object) {
  const auto owner = owner_of(object, settings_);
  if (!owner) return std::nullopt;
  const std::lock_guard lock(mutex_);
  const auto found = handed_over_.find(uid_of(object));
  if (found == handed_over_.end()) return Told{*owner, false};
  return Told{found->second, found->second != *owner};
}

void KubernetesExecutor::adopt() {
  engine_.active_attempts([this](const engine::ActiveAttempts& attempts) {
    const std::vector<Uuid>& active = attempts.all;
    std::vector<Uuid> missing;
    std::vector<Uuid> unwanted;
    {
      const std::lock_guard lock(mutex_);
      for (const Uuid& attempt : active) {
        if (!pods_.contains(attempt)) missing.push_back(attempt);
      }
      for (const auto& [attempt, pod] : pods_) {
        if (!pod.host && std::ranges::find(active, attempt) == active.end()) unwanted.push_back(attempt);
      }
    }
    log::info("{} pods are there, {} of them for nobody; {} attempts have none", pods(), unwanted.size(),
              missing.size());
    for (const Uuid& attempt : unwanted) let_go(attempt);
    // Their pods were never made, or ended while nobody looked.
    if (!missing.empty()) engine_.attempts_missing(std::move(missing), "its pod is gone");
    engine_.wake();
  });
}

void KubernetesExecutor::let_go(const Uuid& attempt) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = pods_.find(attempt);
    if (found == pods_.end() || warm_.is_idle(attempt)) return;
    // Its agent may have the end of a log to deliver; it is told that it may go, or is kept.
    if (found->second.status.phase == PodPhase::running) return make_orphan(attempt, found->second);
  }
  recall(attempt);
}

void KubernetesExecutor::make_orphan(const Uuid& attempt, Pod& pod) {
  pod.is_orphan = true;
  due_.emplace(clock_.now() + kOrphanGrace, attempt);
  changed_.notify_all();
}

void KubernetesExecutor::on_event(std::string_view type, const json::value& object) {
  const auto told = told_of(object);
  if (!told) return;
  if (type != "DELETED") return told->is_outdated ? void() : apply(told->owner, object);
  {
    const std::lock_guard lock(mutex_);
    const auto found = pods_.find(told->owner);
    // Another one that said so: the attempt has got its own.
    if (found == pods_.end() || found->second.uid != uid_of(object)) return;
    // One that is being handed over is found to be gone by that.
    if (told->is_outdated && !found->second.is_unwanted) return;
  }
  gone(told->owner);
}

void KubernetesExecutor::on_trouble(const std::string& why) {
  metrics_.refusals.add();
  log::warning("the pods cannot be watched: {}", why);
}

void KubernetesExecutor::apply(const Uuid& attempt, const json::value& object) {
  const PodStatus status = pod_status(object);
  bool is_unwanted = false;
  bool is_host = false;
  bool frees_slot = false;
  bool is_cut_short = false;  // if its attempt is not over
  {
    const std::lock_guard lock(mutex_);
    // Another process leads by now, and this one will know in a moment: it must not touch what is new, nor
    // what was handed over there.
    if (epoch_of(object) > epoch_) return leave(uid_of(object));
    const bool has_ended = status.phase == PodPhase::succeeded || status.phase == PodPhase::failed;
    // One that ended and was seen to takes no slot.
    if (has_ended && !pods_.contains(attempt) && is_listed_) return;
    const auto [at, is_new] = pods_.try_emplace(attempt);
    Pod& pod = at->second;
    const std::string name = get_text(object.at("metadata"), "name");
    // Somebody else's that says it runs this attempt: names are taken once.
    if (!is_new && name != pod.name) return;
    if (pod.taken) return;  // what becomes of it is known in a moment
    if (is_new || !pod.manifest.is_null()) begin_waiting(attempt, pod);
    pod.name = name;
    if (pod.uid.empty()) pod.known_in = listings_;
    pod.uid = uid_of(object);
    if (is_new) {
      pod.host = host_of(object);
      if (pod.host)
        ++hosts_;
      else
        pod.log_path = log_path_of(object);
    }
    pod.manifest = nullptr;
    pod.version = version_of(object);
    pod.secret_digest = secret_digest_of(object);
    pod.shape = is_being_deleted(object) ? "" : shape_of(object);
    if (pod.shape.empty()) warm_.forget(attempt);
    // From now on its agent has to connect in time.
    if (status.phase == PodPhase::running && pod.status.phase != PodPhase::running && !pod.host)
      begin_waiting(attempt, pod);
    if (status.needs_room && !pod.status.needs_room) seek_room(attempt);
    const bool is_ending_new = status.ending != pod.status.ending;
    pod.status = status;
    is_unwanted = pod.is_unwanted;
    is_host = pod.host.has_value();
    if (is_host && status.phase == PodPhase::succeeded) troubles_.erase(attempt);
    // That of a lost node its agent may not hear of: it goes on as long as it is connected.
    const bool may_go_on = status.is_node_lost || status.is_stranded;
    // Whoever wanted it to end may think better of it; what is said first says most.
    if (status.ending.empty() && !has_ended) pod.ending.clear();
    if (pod.ending.empty() && is_ending_new && !has_ended && !is_unwanted && !is_host && !may_go_on) {
      pod.ending = status.ending;
      is_cut_short = !pod.ending.empty();
    }
    if (!status.is_stranded)
      stranded_.erase(attempt);
    else if (!is_host)
      frees_slot = stranded_.insert(attempt).second;
  }
  if (frees_slot) engine_.wake();
  if (is_cut_short) forget_ending_if_over(attempt);
  switch (status.phase) {
    case PodPhase::pending:
    case PodPhase::running:
      if (status.is_hopeless && !is_unwanted) lose(attempt, status.reason);
      return;
    case PodPhase::succeeded:
    case PodPhase::failed:
      break;
  }
  const bool is_failed = status.phase == PodPhase::failed;
  const std::string unreported = status.ending.empty() ? "its pod ended without a report" : status.ending;
  drop(attempt, is_failed ? status.reason : unreported);
  // The next host has the name of this one.
  const bool may_stay = !is_host && (is_failed ? !settings_.delete_failed_pods : !settings_.delete_pods);
  may_stay && !is_unwanted && !status.others_run ? forget(attempt) : recall(attempt);
}

void KubernetesExecutor::leave(const std::string& uid) {
  handed_over_.erase(uid);
  std::erase_if(pods_, [&](const auto& entry) {
    if (entry.second.uid != uid) return false;
    warm_.forget(entry.first);
    stranded_.erase(entry.first);
    return true;
  });
}

void KubernetesExecutor::begin_waiting(const Uuid& attempt, Pod& pod) {
  // What it waited for before it was made, a quota for instance, is not its fault.
  pod.since = clock_.now();
  due_.emplace(pod.since + settings_.pending_limit, attempt);
  changed_.notify_all();
}

void KubernetesExecutor::gone(const Uuid& attempt) {
  std::string reason = "its pod was deleted";
  {
    const std::lock_guard lock(mutex_);
    const auto found = pods_.find(attempt);
    if (found != pods_.end() && found->second.status.is_node_lost) reason = found->second.status.reason;
  }
  // Also of one that nobody wanted any more: a task that was cleared waits for the end of its attempt.
  drop(attempt, reason);
  forget(attempt);
}

void KubernetesExecutor::post(const Uuid& attempt) {
  const std::lock_guard lock(mutex_);
  if (!stopping_) workers_->post([this, attempt] { work_on(attempt); });
}

void KubernetesExecutor::work_on(const Uuid& attempt) {
  {
    const std::lock_guard lock(mutex_);
    const auto [at, is_free] = at_work_.try_emplace(attempt, false);
    if (!is_free) return void(at->second = true);
  }
  ask_for(attempt);
  const std::lock_guard lock(mutex_);
  const bool once_more = at_work_.extract(attempt).mapped();
  if (once_more && !stopping_) workers_->post([this, attempt] { work_on(attempt); });
}

void KubernetesExecutor::ask_for(const Uuid& attempt) {
  Pod pod;
  {
    const std::lock_guard lock(mutex_);
    const auto found = pods_.find(attempt);
    if (found == pods_.end() || stopping_) return;
    if (still_since_) return void(due_.emplace(*still_since_, attempt));
    if (std::exchange(found->second.waits_until, std::nullopt)) warm_.forget(attempt);
    pod = found->second;
  }
  if (pod.is_unwanted) return remove(attempt, pod);
  if (pod.taken) return take_over(attempt, std::move(pod));
  if (!pod.manifest.is_null()) create(attempt, pod);
}

void KubernetesExecutor::create(const Uuid& attempt, const Pod& pod) {
  const metrics::Stopwatch stopwatch(metrics_.creation);
  const auto answer = clients_.use([&](kube::Client& client) {
    return client.create(kube::pods_path(settings_.name_space), pod.manifest);
  });
  if (!answer) return try_again(attempt, {}, answer.error().message);
  // It was made before the answer was lost, or before a restart.
  const bool is_there = answer->status == 409 && answer->reason() == "AlreadyExists";
  if (answer->is_ok() || is_there) {
    if (answer->is_ok()) metrics_.created_pods.add();
    const std::lock_guard lock(mutex_);
    const auto found = pods_.find(attempt);
    if (found == pods_.end()) return;
    if (!found->second.manifest.is_null()) begin_waiting(attempt, found->second);
    found->second.manifest = nullptr;
    found->second.failures = 0;
    if (answer->is_ok() && found->second.uid.empty()) {
      found->second.uid = uid_of(answer->body);
      found->second.version = version_of(answer->body);
      found->second.known_in = listings_;
    }
    return;
  }
  if (is_quota(*answer)) {
    const std::lock_guard lock(mutex_);
    let_oldest_go();
  }
  if (is_transient(*answer)) return try_again(attempt, answer->retry_after, answer->message());
  // What is wrong with a host is said once.
  if (!pod.host) log::error("the pod {} is refused: {}", pod.name, answer->message());
  metrics_.refusals.add();
  const std::string reason = "the API server refuses its pod: " + answer->message();
  pod.host ? drop(attempt, reason) : refuse(attempt, pod.log_path, reason);
  forget(attempt);
}

void KubernetesExecutor::seek_room(const Uuid& attempt) {
  let_oldest_go();
  // That may not have been enough.
  due_.emplace(clock_.now() + kRoomPause, attempt);
  changed_.notify_all();
}

void KubernetesExecutor::remove(const Uuid& attempt, const Pod& pod) {
  json::object options = {{"apiVersion", "v1"}, {"kind", "DeleteOptions"}};
  if (!pod.uid.empty()) options["preconditions"] = json::object{{"uid", pod.uid}};
  if (pod.is_given_up) options["gracePeriodSeconds"] = 0;
  const auto answer = clients_.use([&](kube::Client& client) {
    return client.remove(kube::pods_path(settings_.name_space, pod.name), options);
  });
  if (!answer) return try_again(attempt, {}, answer.error().message);
  // The pod of this name is another one by now.
  const bool is_other =
      answer->status == 409 && answer->message().find("Precondition failed") != std::string::npos;
  if (answer->status == 404 || is_other) return gone(attempt);
  // One that is being deleted is told as an event.
  if (!answer->is_ok()) try_again(attempt, answer->retry_after, answer->message());
}

void KubernetesExecutor::try_again(const Uuid& attempt, std::chrono::seconds at_least,
                                   const std::string& why) {
  metrics_.refusals.add();
  {
    const std::lock_guard lock(mutex_);
    const auto found = pods_.find(attempt);
    if (found == pods_.end()) return;
    Pod& pod = found->second;
    pod.status.reason = why;
    if (++pod.failures == 1) log::warning("the pod {}: {}; trying again", pod.name, why);
    due_.emplace(clock_.now() + std::max<Duration>(pause_after(pod.failures), at_least), attempt);
  }
  changed_.notify_all();
}

void KubernetesExecutor::wait_for_due() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const Time now = clock_.now();
    if (due_.empty() || still_since_) {
      changed_.wait(lock);
      continue;
    }
    if (due_.begin()->first > now) {
      // Not the whole way: a clock that was set forward must be noticed.
      changed_.wait_for(lock, std::min<Duration>(due_.begin()->first - now, std::chrono::seconds{10}));
      continue;
    }
    const Uuid attempt = due_.begin()->second;
    due_.erase(due_.begin());
    const auto found = pods_.find(attempt);
    if (found == pods_.end()) continue;
    const Pod pod = found->second;
    lock.unlock();
    look_at(attempt, pod, now);
    lock.lock();
  }
}

void KubernetesExecutor::look_at(const Uuid& attempt, const Pod& pod, Time now) {
  if (pod.is_orphan && logs_.is_awaited_by(attempt)) {
    const std::lock_guard lock(mutex_);
    due_.emplace(now + kOrphanGrace, attempt);
    return;
  }
  if (pod.is_orphan) return recall(attempt);
  const bool is_waiting = pod.manifest.is_null() && pod.status.phase == PodPhase::pending;
  const bool is_late = !pod.is_unwanted && now >= pod.since + settings_.pending_limit;
  const auto limit = std::chrono::duration_cast<std::chrono::seconds>(settings_.pending_limit);
  if (is_late && pod.status.phase == PodPhase::running && !pod.host) {
    return await_agent(attempt, pod.status.is_node_lost
                                    ? pod.status.reason
                                    : fmt::format("its pod runs, but its agent did not connect within {} "
                                                  "seconds; the log of the pod says why",
                                                  limit.count()));
  }
  if (is_late && is_waiting) {
    const std::string why = pod.status.reason.empty() ? "nothing says why" : pod.status.reason;
    return lose(attempt, fmt::format("its pod did not start within {} seconds: {}", limit.count(), why));
  }
  if (is_waiting && pod.status.needs_room && !pod.is_unwanted) {
    const std::lock_guard lock(mutex_);
    return seek_room(attempt);
  }
  if (pod.is_unwanted || !pod.manifest.is_null()) post(attempt);
}

void KubernetesExecutor::await_agent(const Uuid& attempt, const std::string& reason) {
  engine_.standing_of(attempt, [this, attempt, reason](const engine::AttemptStanding& standing) {
    if (standing.queued) lose(attempt, reason);  // otherwise its agent has it
  });
}

void KubernetesExecutor::authenticate(const std::string& token,
                                      std::function<void(Result<agentrpc::AgentIdentity>)> then) {
  if (token.empty()) return then(fail(ErrorCode::unauthenticated, "the agent presents no token"));
  const std::lock_guard lock(mutex_);
  if (stopping_) return then(fail(ErrorCode::unavailable, "the control plane is stopping"));
  if (reviews_.size() >= kMostReviews)
    return then(fail(ErrorCode::unavailable, "too many agents present their tokens at once"));
  reviews_.push_back({token, std::move(then)});
  if (reviewing_ == kReviewers) return;
  ++reviewing_;
  workers_->post([this] { review_next(); });
}

void KubernetesExecutor::review_next() {
  std::unique_lock lock(mutex_);
  while (!reviews_.empty()) {
    const Review next = std::move(reviews_.front());
    reviews_.pop_front();
    const bool stops = stopping_;
    lock.unlock();
    next.then(stops ? fail(ErrorCode::unavailable, "the control plane is stopping") : review(next.token));
    lock.lock();
    // Pods that wait to be made come between.
    if (!stopping_ && !reviews_.empty()) return workers_->post([this] { review_next(); });
  }
  --reviewing_;
}

Result<agentrpc::AgentIdentity> KubernetesExecutor::review(const std::string& token) {
  const json::object spec = {{"token", token}, {"audiences", json::array{kTokenAudience}}};
  const auto answer = clients_.use([&](kube::Client& client) {
    return client.create(
        "/apis/authentication.k8s.io/v1/tokenreviews",
        json::object{{"apiVersion", "authentication.k8s.io/v1"}, {"kind", "TokenReview"}, {"spec", spec}});
  });
  if (!answer) return fail(ErrorCode::unavailable, answer.error().message);
  if (!answer->is_ok()) return fail(ErrorCode::unavailable, answer->message());
  static const json::value kNothing = json::object();
  const auto child = [](const json::value& from, std::string_view key) -> const json::value& {
    const json::value* found = find(from, key);
    return found == nullptr ? kNothing : *found;
  };
  const json::value& status = child(answer->body, "status");
  const auto refused = [](std::string_view why) {
    return fail(ErrorCode::unauthenticated, fmt::format("the agent's token is refused: {}", why));
  };
  if (!get_bool(status, "authenticated", false))
    return refused(get_text(status, "error", "it is not genuine"));
  const json::value& audiences = child(status, "audiences");
  if (!audiences.is_array() ||
      std::ranges::find(audiences.get_array(), json::value(kTokenAudience)) == audiences.get_array().end())
    return refused("it is not for us");
  const json::value& user = child(status, "user");
  if (!get_text(user, "username").starts_with(fmt::format("system:serviceaccount:{}:", settings_.name_space)))
    return refused("it is of another namespace");
  const auto extra = [&](std::string_view key) {
    const json::value& values = child(child(user, "extra"), key);
    const bool is_list =
        values.is_array() && !values.get_array().empty() && values.get_array()[0].is_string();
    return is_list ? std::string(values.get_array()[0].get_string()) : std::string();
  };
  const std::string name = extra("authentication.kubernetes.io/pod-name");
  const std::string uid = extra("authentication.kubernetes.io/pod-uid");
  if (name.empty() || uid.empty()) return refused("it is not bound to a pod");
  return identity_of_pod(name, uid);
}

Result<agentrpc::AgentIdentity> KubernetesExecutor::identity_of_pod(const std::string& name,
                                                                    const std::string& uid) {
  const auto refused = [] {
    return fail(ErrorCode::unauthenticated, "the agent's token is refused: its pod is none of ours");
  };
  {
    const std::lock_guard lock(mutex_);
    for (auto& [id, pod] : pods_) {
      if (pod.uid != uid) continue;
      if (pod.taken) return fail(ErrorCode::unavailable, "the agent's pod is about to run another attempt");
      pod.silent_since.reset();
      if (pod.host) return agentrpc::AgentIdentity{.bundle = pod.host};
      return agentrpc::AgentIdentity{.attempt = id, .secret_digest = pod.secret_digest};
    }
  }
  // It began before this process did, or ahead of the news of it.
  const auto answer = clients_.use(
      [&](kube::Client& client) { return client.get(kube::pods_path(settings_.name_space, name)); });
  if (!answer) return fail(ErrorCode::unavailable, answer.error().message);
  if (is_transient(*answer)) return fail(ErrorCode::unavailable, answer->message());
  if (!answer->is_ok() || uid_of(answer->body) != uid) return refused();
  if (!is_of(answer->body, settings_)) return refused();
  const auto id = owner_of(answer->body, settings_);
  if (!id) return refused();
  const std::lock_guard lock(mutex_);
  const auto known = pods_.find(*id);
  // Another pod runs it: this one only says so.
  if (known != pods_.end() && known->second.name != name) return refused();
  if (auto host = host_of(answer->body)) return agentrpc::AgentIdentity{.bundle = std::move(host)};
  return agentrpc::AgentIdentity{.attempt = id, .secret_digest = secret_digest_of(answer->body)};
}

}  // namespace leoflow::executor
