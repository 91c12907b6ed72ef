#include "tasks/caller_lines.hpp"

#include <utility>

namespace leoflow::tasks {

void CallerLines::post(const Uuid& caller, Work work) {
  {
    const std::lock_guard lock(mutex_);
    std::deque<Work>& line = lines_[caller];
    line.push_back(std::move(work));
    // Whoever serves the one before goes on with this one.
    if (line.size() > 1) return;
  }
  workers_.post([this, caller] { serve(caller); });
}

void CallerLines::serve(const Uuid& caller) {
  std::unique_lock lock(mutex_);
  for (;;) {
    // The place in the line is kept while the work runs; a deque's elements stay where they are.
    Work& work = lines_[caller].front();
    lock.unlock();
    work();
    lock.lock();
    std::deque<Work>& line = lines_[caller];
    line.pop_front();
    if (line.empty()) {
      lines_.erase(caller);
      return;
    }
  }
}

}  // namespace leoflow::tasks
