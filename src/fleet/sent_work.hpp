#pragma once

#include <deque>
#include <map>
#include <string>
#include <utility>

namespace leoflow::fleet {

/// What an agent was given to do over one connection: it may speak of that, for a while also after its end,
/// for what it says may cross with the news of that. Not thread safe.
class SentWork {
 public:
  /// Also of what had ended: a watcher may be started again.
  void add(const std::string& id) {
    if (std::exchange(has_ended_[id], false)) std::erase(ended_, id);
  }
  /// Nobody waits for it any more.
  void end(const std::string& id) {
    const auto found = has_ended_.find(id);
    if (found == has_ended_.end() || std::exchange(found->second, true)) return;
    ended_.push_back(id);
    if (ended_.size() <= kRemembered) return;
    has_ended_.erase(ended_.front());
    ended_.pop_front();
  }
  bool contains(const std::string& id) const { return has_ended_.contains(id); }

 private:
  static constexpr std::size_t kRemembered = 1000;
  std::map<std::string, bool> has_ended_;  ///< all that it may speak of
  std::deque<std::string> ended_;          ///< the oldest first
};

}  // namespace leoflow::fleet
