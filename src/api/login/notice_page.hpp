#pragma once

#include <string_view>

#include "api/core/call.hpp"

namespace leoflow::api {

/// Where a notice leads on to.
struct Link {
  std::string_view target;  ///< a path of ours
  std::string_view text;
};

/// A page without scripts that tells a person one thing.
/// @param text  from anybody: it is shown as it is.
Answer notice_page(int status, std::string_view title, std::string_view text, const Link& link);

}  // namespace leoflow::api
