#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <mutex>
#include <optional>

namespace leoflow::http {

/// How much memory the answers of a server that are being written have together. Beyond the most, that answer
/// is given up whose client has taken nothing for longest, but never the newest. Thread safe.
class AnswerBudget {
 public:
  /// Answers of up to this size (bytes) always have room: the number of connections bounds them.
  static constexpr std::size_t kSmall = 64 * 1024;

  explicit AnswerBudget(std::size_t most) : most_(most) {}

  /// The share of one connection.
  class Share {
   public:
    explicit Share(AnswerBudget& budget) : budget_(budget) {}
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    ~Share() { give_back(); }

    /// An answer of this size is to be written; it takes the place of the one before.
    /// @param give_up  called at most once, from any thread, if others need the room. It may come late, when
    ///   the answer is written: `given_up()` tells.
    void hold(std::size_t size, std::function<void()> give_up);
    /// The client has taken some of it.
    void progress();
    void give_back();
    /// Whether the answer that was held last has been given up.
    bool given_up() const;

   private:
    friend class AnswerBudget;
    AnswerBudget& budget_;
    // Protected by the budget's mutex.
    std::size_t size_ = 0;
    std::function<void()> give_up_;
    std::optional<std::list<Share*>::iterator> place_;  ///< none: holds nothing
    bool given_up_ = false;
  };

 private:
  void remove(Share& share);

  const std::size_t most_;
  std::mutex mutex_;
  std::size_t held_ = 0;       // protected by mutex_
  std::list<Share*> longest_;  // protected by mutex_; first who has waited longest for its client
};

}  // namespace leoflow::http
