#pragma once

#include <string_view>

namespace leoflow::api::wire {

/// One operation's line in the route table.
struct Route {
  std::string_view method;
  std::string_view path;       ///< "/api/v2/dags/{dag_id}"; "{name:path}" may contain slashes
  std::string_view operation;  ///< its id in the OpenAPI file
  bool open;                   ///< needs no token
};

}  // namespace leoflow::api::wire
