#pragma once

#include <semaphore>

namespace leoflow {

/// One of a few places, if one is free, for as long as it lives.
template <typename Places>
class Turn {
 public:
  /// @param places  a counting semaphore that outlives it
  explicit Turn(Places& places) : places_(places), is_taken_(places.try_acquire()) {}
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
