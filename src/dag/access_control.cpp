#include "dag/access_control.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>

#include "dag/encoded.hpp"

namespace leoflow::dag {

namespace {

struct Word {
  std::string_view resource;
  std::string_view action;
  std::optional<Access> access;  ///< nothing: it may be said, and gives nothing by itself
};

constexpr Word kWords[] = {
    {"DAGs", "can_read", Access::read},          {"DAGs", "can_edit", Access::edit},
    {"DAGs", "can_delete", Access::remove},      {"DAG Runs", "can_read", std::nullopt},
    {"DAG Runs", "can_create", Access::trigger}, {"DAG Runs", "can_delete", std::nullopt},
    {"DAG Runs", "menu_access", std::nullopt}};

Result<void> add_grants(const std::string& group, std::string_view resource, const json::value& actions,
                        std::vector<Grant>& out) {
  if (std::ranges::find(kWords, resource, &Word::resource) == std::end(kWords)) {
    return fail(ErrorCode::invalid,
                fmt::format("access_control of '{}' names the resource '{}', which is neither 'DAGs' nor "
                            "'DAG Runs'",
                            group, resource));
  }
  if (!actions.is_array()) {
    return fail(ErrorCode::invalid,
                fmt::format("access_control of '{}' has no set of actions on '{}'", group, resource));
  }
  for (const json::value& item : actions.get_array()) {
    const std::string action = item.is_string() ? std::string(item.get_string()) : json::serialize(item);
    const auto* word = std::ranges::find_if(
        kWords, [&](const Word& known) { return known.resource == resource && known.action == action; });
    if (word == std::end(kWords)) {
      return fail(ErrorCode::invalid, fmt::format("access_control of '{}' has the action '{}' on '{}', which "
                                                  "there is not",
                                                  group, action, resource));
    }
    if (word->access) out.push_back({group, *word->access});
  }
  return {};
}

}  // namespace

std::string_view access_name(Access access) {
  switch (access) {
    case Access::read:
      return "read";
    case Access::edit:
      return "edit";
    case Access::remove:
      return "delete";
    case Access::trigger:
      return "trigger";
  }
  return "read";
}

Result<std::vector<Grant>> read_access_control(const json::value& serialized) {
  std::vector<Grant> out;
  const json::value groups = plain(serialized);
  if (groups.is_null()) return out;
  if (!groups.is_object()) return fail(ErrorCode::invalid, "access_control is no dict of groups");
  for (const auto& [group, resources] : groups.get_object()) {
    // What names no resource is of the DAG itself.
    if (!resources.is_object()) {
      if (auto done = add_grants(group, "DAGs", resources, out); !done) return std::unexpected(done.error());
      continue;
    }
    for (const auto& [resource, actions] : resources.get_object()) {
      if (auto done = add_grants(group, resource, actions, out); !done) return std::unexpected(done.error());
    }
  }
  return out;
}

}  // namespace leoflow::dag
