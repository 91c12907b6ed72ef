#include "tasks/patience.hpp"

#include <chrono>

namespace leoflow::tasks {

bool Patience::wait() {
  while (pause()) {
    if (is_there()) return true;
  }
  return false;
}

void Patience::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
  }
  stopped_.notify_all();
}

bool Patience::pause() {
  constexpr std::chrono::milliseconds kPause{200};
  std::unique_lock lock(mutex_);
  return !stopped_.wait_for(lock, kPause, [this] { return is_stopped_; });
}

bool Patience::is_there() {
  try {
    database_.read()->query("SELECT 1");
    return true;
  } catch (const store::Unavailable&) {
    return false;
  }
}

}  // namespace leoflow::tasks
