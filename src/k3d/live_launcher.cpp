#include "k3d/live_launcher.hpp"

#include <algorithm>

#include "tasks/log_path.hpp"

namespace leoflow::k3d {

int LiveLauncher::free_slots() {
  const std::lock_guard lock(mutex_);
  return std::max(0, pods_.free_slots() - static_cast<int>(waiting_.size()));
}

void LiveLauncher::launch(const engine::AttemptSpec& spec) {
  {
    const std::lock_guard lock(mutex_);
    if (!waiting_.insert(spec.id).second) return;
  }
  images_->image_of(spec.bundle_path, [this, spec](const Result<std::string>& image) { go_on(spec, image); });
}

void LiveLauncher::go_on(engine::AttemptSpec spec, const Result<std::string>& image) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.erase(spec.id) == 0) return;  // nobody wants it any more
  }
  if (image) {
    spec.image = *image;
    return pods_.launch(spec);
  }
  const std::string reason = "its image cannot be made: " + image.error().message;
  engine_.attempts_lost({spec.id}, reason);
  logs_.note(
      spec.id,
      tasks::relative_log_path(spec.dag_id, spec.run_id, spec.task_id, spec.map_index, spec.try_number),
      reason);
}

void LiveLauncher::recall(const Uuid& attempt) {
  bool has_waited = false;
  {
    const std::lock_guard lock(mutex_);
    has_waited = waiting_.erase(attempt) != 0;
  }
  if (!has_waited) return pods_.recall(attempt);
  // A task that was cleared waits for the end of its attempt.
  engine_.attempts_lost({attempt}, "it was taken back before it began");
}

}  // namespace leoflow::k3d
