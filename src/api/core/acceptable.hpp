#pragma once

#include <fmt/core.h>
#include <optional>
#include <string_view>

#include "api/core/call.hpp"

namespace leoflow::api {

/// 406 if a request accepts neither JSON nor the other kind that its answer may be; as in Airflow, only how
/// the header begins counts.
inline std::optional<Answer> not_acceptable(const Call& call, std::string_view other) {
  // An empty header is not the same as none.
  if (!call.request.headers.contains("accept")) return std::nullopt;
  const std::string_view accept = call.request.header("accept");
  for (const std::string_view known :
       {std::string_view("*/*"), std::string_view("application/json"), other}) {
    if (accept.starts_with(known)) return std::nullopt;
  }
  return http::error_response(406, fmt::format("Only application/json or {} is supported", other));
}

}  // namespace leoflow::api
