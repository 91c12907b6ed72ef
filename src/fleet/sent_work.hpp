#pragma once

#include <deque>
#include <set>
#include <string>

namespace leoflow::fleet {

/// What an agent was given to do over one connection: it may speak of that, for a while also after its end,
/// for what it says may cross with the news of that. Not thread safe.
class SentWork {
 public:
  void add(const std::string& id) { ids_.insert(id); }
  /// Nobody waits for it any more.
  void end(const std::string& id) {
    if (!ids_.contains(id)) return;
    ended_.push_back(id);
    if (ended_.size() <= kRemembered) return;
    ids_.erase(ended_.front());
    ended_.pop_front();
  }
  bool contains(const std::string& id) const { return ids_.contains(id); }

 private:
  static constexpr std::size_t kRemembered = 1000;
  std::set<std::string> ids_;
  std::deque<std::string> ended_;
};

}  // namespace leoflow::fleet
