#pragma once

#include <optional>

#include "api/core/call.hpp"

namespace leoflow::api {

/// Says why a value cannot be remembered in a state store, if so: it is null or too large.
/// Source: Airflow 3.3.2, TaskStateStoreBody and `[state_store] max_value_storage_bytes`.
std::optional<Answer> check_state_value(const json::value& value);

}  // namespace leoflow::api
