#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "api/core/call.hpp"

namespace leoflow::api {

/// 307.
Answer redirect(std::string location);

/// Of what a browser is to be shown after its login. It is part of a cookie, of which browsers keep 4 KB.
constexpr std::size_t kLongestNext = 2'000;  // bytes

/// Whether that is a page of ours: a path, or a URL whose host is the one the request came to. Not if it is
/// longer than `kLongestNext`.
bool is_safe_next(const http::Request& request, std::string_view next);

/// The header that keeps a token as the browser's session: no script reads it, and what other sites' pages
/// send goes without it. @param attributes  more of them: "; Secure".
std::pair<std::string, std::string> session_cookie(std::string_view token, std::string_view attributes);

}  // namespace leoflow::api
