#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"

namespace leoflow::api {

/// Origins ("https://host:port") that pages of the UI need besides the server's own.
struct PageSources {
  std::vector<std::string> frames;   ///< of what they show in frames
  std::vector<std::string> bundles;  ///< of applications that run within them
};

/// What the UI needs of other hosts to show the plugins: frames for external views that have a route in the
/// UI (the others are links), bundles for React applications.
/// URLs without a host need nothing, and odd ones get nothing: they become a part of what pages may do.
/// @param plugins  as in Airflow's API.
PageSources plugin_sources(const json::array& plugins);

}  // namespace leoflow::api
