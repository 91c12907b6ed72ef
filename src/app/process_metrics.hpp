#pragma once

#include "base/metrics.hpp"

namespace leoflow::app {

/// What the operating system says of this process, by the names that Prometheus' own clients use.
void write_process(metrics::Page& page);

}  // namespace leoflow::app
