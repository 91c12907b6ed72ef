#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace leoflow::dag {

/// What a group can be given of a single DAG. None of them includes another, but that editing is also
/// triggering.
enum class Access { read, edit, remove, trigger };

/// As databases have it: "read", "edit", "delete" or "trigger".
std::string_view access_name(Access access);

/// What a DAG gives to a group.
struct Grant {
  std::string group;
  Access access;

  bool operator==(const Grant&) const = default;
};

/// From a DAG's `access_control`, as it was serialized: actions on "DAGs" and on "DAG Runs" by group.
/// @returns nothing for null.
/// Errors: invalid, of a resource or an action that there is not.
/// Source: FAB provider 3.10.2, which resources have which actions.
Result<std::vector<Grant>> read_access_control(const json::value& serialized);

}  // namespace leoflow::dag
