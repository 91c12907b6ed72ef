#pragma once

#include <atomic>
#include <cstddef>

namespace leoflow::http {

/// How much memory the bodies of all requests of a server have together. Thread safe.
class BodyBudget {
 public:
  /// Bodies of up to this size (bytes) always have room: the number of connections bounds them.
  static constexpr std::size_t kSmall = 64 * 1024;

  explicit BodyBudget(std::size_t most) : most_(most) {}

  /// The share of one request.
  class Share {
   public:
    explicit Share(BodyBudget& budget) : budget_(budget) {}
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    ~Share() { give_back(); }

    /// The body has grown to this size.
    /// @returns false if there is no room for it; the share is as it was.
    bool grow(std::size_t size) {
      if (size <= kSmall || size <= held_) return true;
      const std::size_t more = size - held_;
      if (budget_.held_.fetch_add(more) + more > budget_.most_) {
        budget_.held_ -= more;
        return false;
      }
      held_ = size;
      return true;
    }
    void give_back() {
      budget_.held_ -= held_;
      held_ = 0;
    }

   private:
    BodyBudget& budget_;
    std::size_t held_ = 0;
  };

 private:
  const std::size_t most_;
  std::atomic<std::size_t> held_{0};
};

}  // namespace leoflow::http
