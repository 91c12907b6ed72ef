#pragma once

#include "base/clock.hpp"

namespace leoflow::scheduler {

/// How often a try is started again that could not begin, and when.
struct StartRetries {
  int most = 3;
  Duration delay = std::chrono::seconds{10};  ///< before the first; each further one waits twice as long
};

}  // namespace leoflow::scheduler
