#pragma once

#include "fleet/fleet.hpp"
#include "http/message.hpp"

namespace leoflow::app {

/// GET /metrics in Prometheus' text form; 404 for everything else.
http::Response metrics_page(const http::Request& request, fleet::Fleet& fleet);

}  // namespace leoflow::app
