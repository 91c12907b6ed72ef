#include "api/login/session.hpp"

#include <algorithm>
#include <fmt/core.h>

namespace leoflow::api {

Answer redirect(std::string location) {
  Answer answer;
  answer.status = 307;
  answer.headers.emplace_back("Location", std::move(location));
  return answer;
}

bool is_safe_next(const http::Request& request, std::string_view next) {
  // Browsers leave tabs out, take a backslash for a slash, and begin after a space: "/\t/elsewhere" leads
  // away.
  const auto is_odd = [](unsigned char c) { return c < 0x20 || c == 0x7f || c == '\\'; };
  if (next.size() > kLongestNext || next.starts_with(' ') || std::ranges::any_of(next, is_odd)) return false;
  if (next.starts_with("/")) return !next.starts_with("//");
  const std::size_t scheme_end = next.find("://");
  if (scheme_end == std::string_view::npos) return false;
  const std::string_view scheme = next.substr(0, scheme_end);
  const std::string_view rest = next.substr(scheme_end + 3);
  return (scheme == "http" || scheme == "https") &&
         rest.substr(0, rest.find_first_of("/?#")) == request.header("host");
}

// The login page writes the same cookie by a script, which browsers refuse over one that scripts may not see.
std::pair<std::string, std::string> session_cookie(std::string_view token, std::string_view attributes) {
  return {"Set-Cookie", fmt::format("_token={}; Path=/; HttpOnly; SameSite=Lax{}", token, attributes)};
}

}  // namespace leoflow::api
