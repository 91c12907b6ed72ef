#include "executor/kubernetes/warm_pods.hpp"

#include <algorithm>
#include <ranges>

namespace leoflow::executor {

void WarmPods::expect(const Uuid& attempt, const std::string& shape, Time now) {
  shapes_[shape].expected[attempt] = now;
}

void WarmPods::add(Idle pod) {
  forget(pod.attempt);
  idle_.push_back(std::move(pod));
}

void WarmPods::forget(const Uuid& attempt) {
  std::erase_if(idle_, [&](const Idle& pod) { return pod.attempt == attempt; });
  for (auto& [name, shape] : shapes_) {
    shape.expected.erase(attempt);
    std::erase(shape.waiting, attempt);
  }
  std::erase_if(shapes_, [](const auto& entry) {
    return entry.second.expected.empty() && entry.second.waiting.empty();
  });
}

bool WarmPods::forget_agent(const Uuid& attempt, const agentrpc::AgentSession* agent) {
  return std::erase_if(
             idle_, [&](const Idle& pod) { return pod.attempt == attempt && pod.agent.get() == agent; }) > 0;
}

std::optional<WarmPods::Idle> WarmPods::take(const std::string& shape, Time after) {
  const auto found = std::ranges::find_if(
      idle_.rbegin(), idle_.rend(), [&](const Idle& pod) { return pod.shape == shape && pod.since > after; });
  if (found == idle_.rend()) return std::nullopt;
  Idle out = std::move(*found);
  idle_.erase(std::next(found).base());
  return out;
}

std::optional<WarmPods::Idle> WarmPods::take_oldest() {
  if (idle_.empty()) return std::nullopt;
  Idle out = std::move(idle_.front());
  idle_.erase(idle_.begin());
  return out;
}

bool WarmPods::is_idle(const Uuid& attempt) const {
  return std::ranges::find(idle_, attempt, &Idle::attempt) != idle_.end();
}

bool WarmPods::is_worth_waiting(const std::string& shape, Time now) {
  const auto found = shapes_.find(shape);
  if (found == shapes_.end()) return false;
  auto& [expected, waiting] = found->second;
  // Their tasks take long to end, or something does not take their logs.
  std::erase_if(expected, [&](const auto& entry) { return entry.second + kPatience < now; });
  return expected.size() > waiting.size();
}

void WarmPods::wait(const Uuid& attempt, const std::string& shape) {
  shapes_[shape].waiting.push_back(attempt);
}

std::optional<Uuid> WarmPods::take_waiting(const std::string& shape) {
  const auto found = shapes_.find(shape);
  if (found == shapes_.end() || found->second.waiting.empty()) return std::nullopt;
  const Uuid out = found->second.waiting.front();
  found->second.waiting.pop_front();
  return out;
}

}  // namespace leoflow::executor
