#include "kube/client.hpp"

#include <charconv>
#include <fmt/format.h>

#include "base/text.hpp"

namespace leoflow::kube {

std::string Answer::message() const {
  const std::string said = get_text(body, "message");
  return said.empty() ? fmt::format("the API server answered {}", status) : said;
}

namespace {

Result<Answer> read_answer(const http::ClientResponse& response) {
  Answer out;
  out.status = response.status;
  const std::string_view wait = response.header("retry-after");
  int seconds = 0;
  std::from_chars(wait.data(), wait.data() + wait.size(), seconds);
  out.retry_after = std::chrono::seconds(std::max(0, seconds));
  if (auto body = response.json_body()) {
    out.body = std::move(*body);
  } else if (out.is_ok() && !response.body.empty()) {
    return fail(ErrorCode::unavailable, "the API server's answer cannot be read: " + body.error().message);
  }
  return out;
}

}  // namespace

Client::Client(Access access, std::chrono::milliseconds limit)
    : access_(std::move(access)),
      http_(access_.server,
            {.limit = limit, .ca = access_.ca, .certificate = access_.certificate, .key = access_.key}) {
  http_.use_header("Accept", "application/json");
  http_.use_header("User-Agent", "leoflow");
}

void Client::use_token() {
  if (access_.token_file.empty()) return http_.use_token(access_.token);
  // kubelet renews it in place.
  if (const auto text = read_file(access_.token_file)) http_.use_token(std::string(trim(*text)));
}

Result<Answer> Client::ask(std::string_view method, const std::string& path, const json::value& body,
                           std::string_view content_type) {
  use_token();
  const auto response = http_.send(method, path, body.is_null() ? "" : json::serialize(body), content_type);
  if (!response) return std::unexpected(response.error());
  return read_answer(*response);
}

Result<Answer> Client::watch(const std::string& path, std::chrono::seconds silence,
                             const std::function<bool(const json::value&)>& on_event) {
  use_token();
  std::string rest;
  bool is_broken = false;
  const auto response = http_.stream(path, silence, [&](std::string_view part) {
    rest += part;
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = rest.find('\n', begin)) != std::string::npos; begin = end + 1) {
      const auto event = parse_json(std::string_view(rest).substr(begin, end - begin));
      is_broken = !event;
      if (is_broken || !on_event(*event)) return false;
    }
    rest.erase(0, begin);
    return true;
  });
  if (!response) return std::unexpected(response.error());
  if (is_broken) return fail(ErrorCode::unavailable, "an event of the API server cannot be read");
  return read_answer(*response);
}

std::string pods_path(std::string_view name_space, std::string_view name) {
  std::string out = fmt::format("/api/v1/namespaces/{}/pods", url_encode(name_space));
  if (!name.empty()) out += "/" + url_encode(name);
  return out;
}

}  // namespace leoflow::kube
