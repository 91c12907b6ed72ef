#pragma once

#include <time.h>

#include "base/clock.hpp"

namespace leoflow {

/// Time since the machine was started, whatever is done to its clock; counted from 1970, to be compared only.
class BootClock final : public Clock {
 public:
  Time now() const override {
    timespec time{};
    ::clock_gettime(CLOCK_BOOTTIME, &time);
    return Time{std::chrono::seconds(time.tv_sec) + Duration(time.tv_nsec / 1000)};
  }
};

}  // namespace leoflow
