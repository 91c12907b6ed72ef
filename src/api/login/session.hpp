#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "api/core/call.hpp"

namespace leoflow::api {

/// 307.
Answer redirect(std::string location);

/// Whether that is a page of ours: a path, or a URL whose host is the one the request came to.
bool is_safe_next(const http::Request& request, std::string_view next);

/// The header that keeps a token as the browser's session: no script reads it, and what other sites' pages
/// send goes without it. @param attributes  more of them: "; Secure".
std::pair<std::string, std::string> session_cookie(std::string_view token, std::string_view attributes);

}  // namespace leoflow::api
