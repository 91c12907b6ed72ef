#pragma once

#include <optional>

#include "api/core/call.hpp"

namespace leoflow::api {

/// Says why a value cannot be written as an XCom, if so: it has a key by which the Task SDK knows stored
/// objects, so that a task that reads it would make an object of any class that may be read. Source:
/// Airflow 3.3.2, XComCreateBody and FORBIDDEN_XCOM_KEYS.
std::optional<Answer> check_xcom_value(const json::value& value);

}  // namespace leoflow::api
