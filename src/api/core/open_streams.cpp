#include "api/core/open_streams.hpp"

namespace leoflow::api {

OpenStreams::Place OpenStreams::take(const std::string& user) {
  const std::lock_guard lock(held_->mutex);
  int& count = held_->by_user[user];
  if (count >= kMost) return nullptr;
  ++count;
  return {held_.get(), [held = held_, user](const void*) {
            const std::lock_guard again(held->mutex);
            const auto found = held->by_user.find(user);
            if (--found->second == 0) held->by_user.erase(found);
          }};
}

}  // namespace leoflow::api
