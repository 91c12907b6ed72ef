#include "api/core/plugin_sources.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/text.hpp"

namespace leoflow::api {

namespace {

constexpr std::size_t kLongestPort = 5;  // digits

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// As a policy can name one: no IPv6 address, and no letters beyond ASCII.
bool is_host(std::string_view host) {
  return !host.empty() && std::ranges::all_of(host, [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '.';
  });
}

bool is_port(std::string_view port) {
  return !port.empty() && port.size() <= kLongestPort && std::ranges::all_of(port, is_digit);
}

std::optional<std::string> origin_of(std::string_view url) {
  // Browsers leave some of these out and take others for a separator.
  const auto is_odd = [](unsigned char c) { return c <= 0x20 || c >= 0x7f || c == '\\'; };
  if (std::ranges::any_of(url, is_odd)) return std::nullopt;
  const std::size_t scheme_end = std::min(url.find("://"), url.size());
  const std::string scheme = to_lower(url.substr(0, scheme_end));
  if (scheme != "http" && scheme != "https") return std::nullopt;
  const std::string_view rest = url.substr(std::min(scheme_end + 3, url.size()));
  const std::string authority = to_lower(rest.substr(0, rest.find_first_of("/?#")));
  const std::size_t colon = std::min(authority.find(':'), authority.size());
  const std::string_view host = std::string_view(authority).substr(0, colon);
  if (!is_host(host)) return std::nullopt;
  if (colon < authority.size() && !is_port(std::string_view(authority).substr(colon + 1)))
    return std::nullopt;
  return scheme + "://" + authority;
}

std::vector<std::string> origins_of(const json::array& plugins, std::string_view list, std::string_view field,
                                    bool only_routes) {
  std::vector<std::string> out;
  for (const json::value& plugin : plugins) {
    const json::value* items = find(plugin, list);
    if (items == nullptr || !items->is_array()) continue;
    for (const json::value& item : items->get_array()) {
      if (only_routes && get_text(item, "url_route").empty()) continue;
      if (auto origin = origin_of(get_text(item, field))) out.push_back(std::move(*origin));
    }
  }
  std::ranges::sort(out);
  const auto again = std::ranges::unique(out);
  out.erase(again.begin(), again.end());
  return out;
}

}  // namespace

PageSources plugin_sources(const json::array& plugins) {
  return {.frames = origins_of(plugins, "external_views", "href", true),
          .bundles = origins_of(plugins, "react_apps", "bundle_url", false)};
}

}  // namespace leoflow::api
