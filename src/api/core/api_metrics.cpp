#include "api/core/api_metrics.hpp"

#include <algorithm>

namespace leoflow::api {

void ApiMetrics::record(std::size_t operation, int status, std::chrono::nanoseconds took) {
  Operation& counted = operations_[operation];
  counted.answers[static_cast<std::size_t>(std::clamp(status / 100, 1, 5) - 1)].add();
  counted.durations.observe(took);
}

std::string_view ApiMetrics::name(std::size_t index) {
  switch (index) {
    case kPages:
      return "pages";
    case kPlugins:
      return "plugins";
    case kNoOperation:
      return "none";
    default:
      return gen::kRoutes[index].operation;
  }
}

}  // namespace leoflow::api
