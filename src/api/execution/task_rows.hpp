#pragma once

#include <optional>
#include <string>

#include "api/execution/asking.hpp"

namespace leoflow::api::execution {

/// The state of the task instance that asks, "" for none yet; nothing if there is no such task instance.
std::optional<std::string> find_task_state(Asking& asking);

/// Likewise; one that waits is known by the id with which it told so, too, for its worker may tell it again.
std::optional<std::string> find_told_state(Asking& asking);

/// 404 if the task instance that asks is not there.
std::optional<http::Response> unknown_task(Asking& asking);
/// Likewise, or 410 if it is history.
std::optional<http::Response> unknown_or_archived_task(Asking& asking);
/// 404 in the words of the state stores.
std::optional<http::Response> task_without_store(Asking& asking);

}  // namespace leoflow::api::execution
