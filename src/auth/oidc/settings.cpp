#include "auth/oidc/settings.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/json.hpp"
#include "base/text.hpp"

namespace leoflow::auth::oidc {
namespace {

constexpr const char* kIssuer = "LEOFLOW_AUTH_OIDC_ISSUER";
constexpr const char* kRedirectUrl = "LEOFLOW_AUTH_OIDC_REDIRECT_URL";
constexpr const char* kBaseUrl = "AIRFLOW__API__BASE_URL";

std::unexpected<Error> refuse(std::string_view name, std::string_view text, std::string_view why) {
  return fail(ErrorCode::invalid, fmt::format("{}={} {}", name, text, why));
}

std::string without_end(std::string text, char end) {
  while (text.ends_with(end)) text.pop_back();
  return text;
}

Result<Role> read_role(std::string_view name, std::string_view text) {
  const auto role = parse_role(text);
  if (!role) return refuse(name, text, "is not one of none, viewer, user, op and admin");
  return *role;
}

Result<void> read_role_mappings(const Variables& variables, std::map<std::string, Role>& out) {
  constexpr const char* kName = "LEOFLOW_AUTH_OIDC_ROLE_MAPPINGS";
  const std::string text = variables(kName);
  if (text.empty()) return {};
  const auto parsed = parse_json(text);
  if (!parsed || !parsed->is_object())
    return refuse(kName, text, R"(is not a JSON object such as {"data-team": "op"})");
  for (const auto& [group, role] : parsed->get_object()) {
    const auto read = read_role(kName, role.is_string() ? std::string_view(role.get_string()) : "");
    if (!read)
      return refuse(kName, text, fmt::format("gives '{}' no role that there is", std::string(group)));
    out.emplace(group, *read);
  }
  return {};
}

Result<void> read_default_role(const Variables& variables, std::optional<Role>& out) {
  constexpr const char* kName = "LEOFLOW_AUTH_OIDC_DEFAULT_ROLE";
  const std::string text = variables(kName);
  if (text.empty()) return {};
  const auto role = read_role(kName, text);
  if (!role) return std::unexpected(role.error());
  out = *role;
  return {};
}

Result<void> read_redirect_url(const Variables& variables, std::string& out) {
  out = variables(kRedirectUrl);
  const std::string base = variables(kBaseUrl);
  if (out.empty() && !base.empty()) out = without_end(base, '/') + std::string(kCallbackPath);
  if (out.empty())
    return fail(ErrorCode::invalid,
                fmt::format("{} is set, but neither {} nor {}: the provider must know where to send browsers "
                            "back to",
                            kIssuer, kRedirectUrl, kBaseUrl));
  if ((out.starts_with("https://") || out.starts_with("http://")) && out.ends_with(kCallbackPath)) return {};
  return refuse(kRedirectUrl, out, fmt::format("is not a URL that ends with {}", kCallbackPath));
}

Result<void> read_scopes(const Variables& variables, std::string& out) {
  constexpr const char* kName = "LEOFLOW_AUTH_OIDC_SCOPES";
  const std::string text = variables(kName);
  if (text.empty()) return {};
  if (std::ranges::count(split(text, ' '), "openid") == 0) return refuse(kName, text, "lacks openid");
  out = text;
  return {};
}

Result<void> read_ca(const Variables& variables, std::string& out) {
  constexpr const char* kName = "LEOFLOW_AUTH_OIDC_CA_FILE";
  const std::string path = variables(kName);
  if (path.empty()) return {};
  auto pem = read_file(path);
  if (!pem) return refuse(kName, path, "cannot be read");
  out = std::move(*pem);
  return {};
}

Result<void> refuse_others(const Variables& variables) {
  return refuse_variables(
      variables,
      {"LEOFLOW_AUTH_OIDC_CLIENT_ID", "LEOFLOW_AUTH_OIDC_CLIENT_SECRET", kRedirectUrl,
       "LEOFLOW_AUTH_OIDC_SCOPES", "LEOFLOW_AUTH_OIDC_USERNAME_CLAIM", "LEOFLOW_AUTH_OIDC_GROUPS_CLAIM",
       "LEOFLOW_AUTH_OIDC_ROLE_MAPPINGS", "LEOFLOW_AUTH_OIDC_DEFAULT_ROLE", "LEOFLOW_AUTH_OIDC_CA_FILE"},
      fmt::format("not {}", kIssuer));
}

void read_text(const Variables& variables, const char* name, std::string& out) {
  if (std::string text = variables(name); !text.empty()) out = std::move(text);
}

}  // namespace

bool is_private_url(std::string_view url) {
  if (url.starts_with("https://")) return true;
  constexpr std::string_view kPlain = "http://";
  if (!url.starts_with(kPlain)) return false;
  const std::string_view rest = url.substr(kPlain.size());
  const std::string_view host = rest.substr(0, rest.find_first_of("/?#"));
  // Of a name before an @ only the rest is a host.
  if (host.find('@') != std::string_view::npos) return false;
  const std::string_view name =
      host.starts_with('[') ? host.substr(0, host.find(']') + 1) : host.substr(0, host.find(':'));
  return name == "localhost" || name == "127.0.0.1" || name == "[::1]";
}

Result<std::optional<Settings>> read_settings(const Variables& variables) {
  Settings out;
  out.issuer = variables(kIssuer);
  if (out.issuer.empty()) {
    if (auto alone = refuse_others(variables); !alone) return std::unexpected(alone.error());
    return std::nullopt;
  }
  if (!is_private_url(out.issuer))
    return refuse(kIssuer, out.issuer, "is not an https:// URL (or an http:// one of this host)");
  out.client_id = variables("LEOFLOW_AUTH_OIDC_CLIENT_ID");
  if (out.client_id.empty())
    return fail(ErrorCode::invalid, fmt::format("{} is set, but not LEOFLOW_AUTH_OIDC_CLIENT_ID", kIssuer));
  out.client_secret = variables("LEOFLOW_AUTH_OIDC_CLIENT_SECRET");
  read_text(variables, "LEOFLOW_AUTH_OIDC_USERNAME_CLAIM", out.username_claim);
  read_text(variables, "LEOFLOW_AUTH_OIDC_GROUPS_CLAIM", out.groups_claim);
  for (const auto& read : {read_scopes(variables, out.scopes), read_redirect_url(variables, out.redirect_url),
                           read_role_mappings(variables, out.role_mappings),
                           read_default_role(variables, out.default_role), read_ca(variables, out.ca)}) {
    if (!read) return std::unexpected(read.error());
  }
  return out;
}

}  // namespace leoflow::auth::oidc
