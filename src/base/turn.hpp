#pragma once

#include <chrono>
#include <semaphore>

namespace leoflow {

/// One of a few places, if one is free, for as long as it lives.
template <typename Places>
class Turn {
 public:
  /// @param places  a counting semaphore that outlives it
  /// @param patience  how long it is waited for one
  explicit Turn(Places& places, std::chrono::milliseconds patience = {})
      : places_(places),
        is_taken_(places.try_acquire() || (patience.count() > 0 && places.try_acquire_for(patience))) {}
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    if (is_taken_) places_.release();
  }
  bool is_taken() const { return is_taken_; }

 private:
  Places& places_;
  const bool is_taken_;
};

}  // namespace leoflow
