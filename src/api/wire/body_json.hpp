#pragma once

#include <optional>
#include <string_view>

#include "api/wire/problems.hpp"

namespace leoflow::api::wire {

/// Whether a Content-Type says that the body is JSON: "application/json; charset=utf-8",
/// "application/merge-patch+json".
bool is_json(std::string_view content_type);

/// A request's body as JSON; nothing if there is none or it is no JSON (a problem then). One that does not
/// say that it is JSON is a text, as in Airflow: a form of another site's page can send any text, but not say
/// that.
std::optional<json::value> body_json(std::string_view body, std::string_view content_type, bool required,
                                     Problems& problems);

}  // namespace leoflow::api::wire
