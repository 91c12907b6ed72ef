#pragma once

#include <mutex>
#include <optional>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace leoflow::objects {

/// Something that somebody gives for a while, renewed before it expires. Thread safe.
template <typename T>
class Renewed {
 public:
  struct Loan {
    T value;
    Time until = Time::max();
  };

  /// @param ask  gets a new one: Result<Loan>(). Of several callers one asks and the others wait.
  template <typename Ask>
  Result<T> get(Time now, const Ask& ask) {
    const std::lock_guard lock(mutex_);
    if (loan_ && (loan_->until == Time::max() || now + kAhead < loan_->until)) return loan_->value;
    Result<Loan> asked = ask();
    if (asked) {
      loan_ = std::move(*asked);
    } else if (!loan_ || now >= loan_->until) {
      return std::unexpected(asked.error());
    }
    return loan_->value;
  }

 private:
  /// Before the end of it; whoever gives it gives a new one by then.
  static constexpr std::chrono::minutes kAhead{4};

  std::mutex mutex_;
  std::optional<Loan> loan_;  ///< protected by mutex_
};

}  // namespace leoflow::objects
