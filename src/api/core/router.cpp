#include "api/core/router.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace leoflow::api {

Router::Router(std::span<const wire::Route> routes) : routes_(routes) {
  for (std::size_t index = 0; index < routes.size(); ++index) {
    Pattern pattern;
    pattern.operation = index;
    std::string_view rest = routes[index].path.substr(1);
    while (true) {
      const std::size_t slash = rest.find('/');
      std::string_view text = rest.substr(0, slash);
      Segment segment{text};
      if (text.starts_with('{')) {
        text = text.substr(1, text.size() - 2);
        segment.greedy = text.ends_with(":path");
        segment.text = segment.greedy ? text.substr(0, text.size() - 5) : text;
        segment.parameter = true;
        pattern.greedy = pattern.greedy || segment.greedy;
      }
      pattern.segments.push_back(segment);
      if (slash == std::string_view::npos) break;
      rest.remove_prefix(slash + 1);
    }
    patterns_.push_back(std::move(pattern));
  }
  // Airflow declares the narrow paths before the wide ones; the files are sorted
  // otherwise. So: literals before parameters, parameters before greedy ones.
  std::stable_sort(patterns_.begin(), patterns_.end(), [](const Pattern& a, const Pattern& b) {
    const std::size_t common = std::min(a.segments.size(), b.segments.size());
    for (std::size_t i = 0; i < common; ++i) {
      const int left = a.segments[i].parameter + a.segments[i].greedy;
      const int right = b.segments[i].parameter + b.segments[i].greedy;
      if (left != right) return left < right;
    }
    return a.segments.size() > b.segments.size();
  });
}

bool Router::match(const Pattern& pattern, const std::vector<std::string>& parts, wire::RawParams& params) {
  const std::size_t count = pattern.segments.size();
  if (pattern.greedy ? parts.size() < count : parts.size() != count) return false;
  const std::size_t surplus = parts.size() - count;
  std::size_t at = 0;
  for (const Segment& segment : pattern.segments) {
    if (!segment.parameter) {
      if (parts[at++] != segment.text) return false;
      continue;
    }
    std::string value = parts[at++];
    if (segment.greedy) {
      for (std::size_t i = 0; i < surplus; ++i) value += "/" + parts[at++];
    }
    // As with Starlette, what may hold slashes may be empty.
    if (value.empty() && !segment.greedy) return false;
    params.path[std::string(segment.text)] = std::move(value);
  }
  return true;
}

Router::Match Router::find(std::string_view method, std::string_view path) const {
  Match result;
  // Decoded first, then split, as Starlette does: %2F is a slash too.
  const std::string decoded = to_valid_utf8(url_decode(path).value_or(std::string(path)));
  const std::vector<std::string> parts =
      split(std::string_view(decoded).substr(decoded.empty() ? 0 : 1), '/');
  std::string_view nearest;
  for (const Pattern& pattern : patterns_) {
    wire::RawParams params;
    if (!match(pattern, parts, params)) continue;
    if (routes_[pattern.operation].method != method) {
      // Of the narrowest path: that a wider one would take its name for an id is nothing to tell.
      const std::string_view of = routes_[pattern.operation].path;
      if (result.allowed.empty()) nearest = of;
      if (of == nearest)
        result.allowed.append(result.allowed.empty() ? "" : ", ").append(routes_[pattern.operation].method);
      continue;
    }
    result.operation = pattern.operation;
    result.params = std::move(params);
    return result;
  }
  return result;
}

}  // namespace leoflow::api
