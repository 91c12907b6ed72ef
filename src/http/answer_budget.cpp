#include "http/answer_budget.hpp"

#include <utility>
#include <vector>

namespace leoflow::http {

void AnswerBudget::Share::hold(std::size_t size, std::function<void()> give_up) {
  // Called without the lock: they may let go of a connection, and with it of a share.
  std::vector<std::function<void()>> too_many;
  {
    const std::lock_guard lock(budget_.mutex_);
    budget_.remove(*this);
    given_up_ = false;
    if (size <= kSmall) return;
    size_ = size;
    give_up_ = std::move(give_up);
    place_ = budget_.longest_.insert(budget_.longest_.end(), this);
    budget_.held_ += size;
    while (budget_.held_ > budget_.most_ && budget_.longest_.front() != this) {
      Share& longest = *budget_.longest_.front();
      too_many.push_back(std::move(longest.give_up_));
      longest.given_up_ = true;
      budget_.remove(longest);
    }
  }
  for (const auto& give_up_one : too_many) give_up_one();
}

void AnswerBudget::Share::progress() {
  const std::lock_guard lock(budget_.mutex_);
  if (place_) budget_.longest_.splice(budget_.longest_.end(), budget_.longest_, *place_);
}

void AnswerBudget::Share::give_back() {
  const std::lock_guard lock(budget_.mutex_);
  budget_.remove(*this);
}

bool AnswerBudget::Share::given_up() const {
  const std::lock_guard lock(budget_.mutex_);
  return given_up_;
}

void AnswerBudget::remove(Share& share) {
  if (!share.place_) return;
  longest_.erase(*share.place_);
  share.place_.reset();
  held_ -= share.size_;
}

}  // namespace leoflow::http
