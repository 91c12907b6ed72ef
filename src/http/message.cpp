#include "http/message.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "base/text.hpp"

namespace leoflow::http {

std::string_view Request::header(std::string_view name) const {
  const auto found = headers.find(std::string(name));
  return found == headers.end() ? std::string_view{} : found->second;
}

bool Response::has_header(std::string_view name) const {
  const std::string wanted = to_lower(name);
  return std::ranges::any_of(headers, [&](const auto& header) { return to_lower(header.first) == wanted; });
}

std::string_view Request::bearer_token() const {
  constexpr std::string_view kScheme = "bearer ";
  const std::string_view value = header("authorization");
  return to_lower(value.substr(0, kScheme.size())) == kScheme ? value.substr(kScheme.size())
                                                              : std::string_view{};
}

std::string_view Request::cookie(std::string_view name) const {
  const auto [first, last] = headers.equal_range("cookie");
  for (auto line = first; line != last; ++line) {
    std::string_view rest = line->second;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      const std::string_view pair = trim(rest.substr(0, end));
      const std::size_t equals = pair.find('=');
      if (equals != std::string_view::npos && pair.substr(0, equals) == name) return pair.substr(equals + 1);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return {};
}

void remove_cookie(Request& request, std::string_view name) {
  const auto [first, last] = request.headers.equal_range("cookie");
  for (auto line = first; line != last;) {
    std::string kept;
    for (const std::string& part : split(line->second, ';')) {
      const std::string_view pair = trim(part);
      if (pair.empty() || pair.substr(0, pair.find('=')) == name) continue;
      if (!kept.empty()) kept += "; ";
      kept += pair;
    }
    const auto here = line++;
    if (kept.empty()) {
      request.headers.erase(here);
    } else {
      here->second = std::move(kept);
    }
  }
}

Response error_response(int status, std::string_view message) {
  Response response;
  response.status = status;
  response.body = json::serialize(json::object{{"detail", message}});
  return response;
}

Response method_not_allowed(std::string_view allowed) {
  Response response = error_response(405, "Method Not Allowed");
  response.headers.emplace_back("Allow", allowed);
  return response;
}

void parse_target(std::string_view target, Request& request) {
  request.target = target;
  target = target.substr(0, target.find('#'));
  const std::size_t question = target.find('?');
  request.path = target.substr(0, question);
  if (question == std::string_view::npos) return;
  const auto decoded = [](std::string_view text) {
    return url_decode(text, true).value_or(std::string(text));
  };
  for (const std::string& part : split(target.substr(question + 1), '&')) {
    if (part.empty()) continue;
    const std::string_view pair = part;
    const std::size_t equals = pair.find('=');
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
    request.query.emplace(to_valid_utf8(decoded(pair.substr(0, equals))), to_valid_utf8(decoded(value)));
  }
}

}  // namespace leoflow::http
