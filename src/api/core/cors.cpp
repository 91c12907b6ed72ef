#include "api/core/cors.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/text.hpp"

namespace leoflow::api {
namespace {

/// May always be sent, and how they are looked for. Source: the Fetch standard.
struct SafeHeader {
  std::string_view name;
  std::string_view lower;
};
constexpr SafeHeader kSafeHeaders[] = {{"Accept", "accept"},
                                       {"Accept-Language", "accept-language"},
                                       {"Content-Language", "content-language"},
                                       {"Content-Type", "content-type"}};
constexpr std::string_view kAllMethods = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT";

bool contains(const std::vector<std::string>& list, std::string_view text) {
  return std::ranges::find(list, text) != list.end();
}

std::vector<std::string> read_list(const Variables& variables, const char* name) {
  std::string text = variables(name);
  std::ranges::replace_if(text, [](char c) { return c == ' ' || c == '\t' || c == '\n'; }, ',');
  std::vector<std::string> out = split(text, ',');
  std::erase_if(out, [](const std::string& part) { return part.empty(); });
  return out;
}

/// scheme://host[:port], and nothing more.
bool is_origin(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos || scheme == 0) return false;
  const std::string_view host = text.substr(scheme + 3);
  return !host.empty() && host.find_first_of("/?#*@") == std::string_view::npos;
}

bool are_allowed(const std::vector<std::string>& allowed, std::string_view headers) {
  if (contains(allowed, "*")) return true;
  return std::ranges::all_of(split(std::string(headers), ','), [&](const std::string& header) {
    const std::string name = to_lower(trim(header));
    return contains(allowed, name) ||
           std::ranges::find(kSafeHeaders, name, &SafeHeader::lower) != std::ranges::end(kSafeHeaders);
  });
}

/// What the answer says that may be sent.
std::string headers_text(const std::vector<std::string>& allowed, std::string_view asked) {
  if (contains(allowed, "*") && !asked.empty()) return std::string(asked);
  std::string text;
  for (const SafeHeader& safe : kSafeHeaders)
    text += fmt::format("{}{}", text.empty() ? "" : ", ", safe.name);
  for (const std::string& name : allowed)
    if (name != "*") text += ", " + name;
  return text;
}

}  // namespace

bool Cors::allows(std::string_view origin) const {
  return contains(origins, origin);
}

std::optional<http::Response> Cors::preflight(const http::Request& request) const {
  const std::string_view origin = request.header("origin");
  const std::string_view method = request.header("access-control-request-method");
  if (!is_on() || request.method != "OPTIONS" || origin.empty() || method.empty()) return std::nullopt;
  const std::string_view asked = request.header("access-control-request-headers");
  std::vector<std::string> refused;
  if (!allows(origin)) refused.emplace_back("origin");
  if (!contains(methods, "*") && !contains(methods, method)) refused.emplace_back("method");
  if (!asked.empty() && !are_allowed(headers, asked)) refused.emplace_back("headers");
  http::Response response;
  response.status = refused.empty() ? 200 : 400;
  response.content_type = "text/plain; charset=utf-8";
  response.body = refused.empty() ? "OK" : "Disallowed CORS " + join(refused, ", ");
  response.headers = {{"Vary", "Origin"},
                      {"Access-Control-Allow-Methods",
                       contains(methods, "*") ? std::string(kAllMethods) : join(methods, ", ")},
                      {"Access-Control-Allow-Headers", headers_text(headers, asked)},
                      {"Access-Control-Allow-Credentials", "true"},
                      {"Access-Control-Max-Age", "600"}};
  if (allows(origin)) response.headers.emplace_back("Access-Control-Allow-Origin", origin);
  return response;
}

void Cors::mark(const http::Request& request, http::Response& response) const {
  // One that another replica answered has its marks; two are none to a browser.
  if (!is_on() || response.has_header("access-control-allow-credentials")) return;
  response.headers.emplace_back("Vary", "Origin");
  const std::string_view origin = request.header("origin");
  if (origin.empty()) return;
  response.headers.emplace_back("Access-Control-Allow-Credentials", "true");
  if (allows(origin)) response.headers.emplace_back("Access-Control-Allow-Origin", origin);
}

Result<void> read_cors(const Variables& variables, Cors& out) {
  constexpr const char* kOrigins = "AIRFLOW__API__ACCESS_CONTROL_ALLOW_ORIGINS";
  out.origins = read_list(variables, kOrigins);
  out.methods = read_list(variables, "AIRFLOW__API__ACCESS_CONTROL_ALLOW_METHODS");
  for (const std::string& header : read_list(variables, "AIRFLOW__API__ACCESS_CONTROL_ALLOW_HEADERS"))
    out.headers.push_back(to_lower(header));
  for (const std::string& origin : out.origins) {
    if (is_origin(origin)) continue;
    return fail(ErrorCode::invalid,
                fmt::format("{}={} has '{}', which is no origin: list those that need access, such as "
                            "https://dashboard.example.com",
                            kOrigins, variables(kOrigins), origin));
  }
  return {};
}

}  // namespace leoflow::api
