#include "objects/bucket.hpp"

#include <charconv>
#include <fmt/format.h>
#include <thread>

#include "base/text.hpp"
#include "objects/xml_text.hpp"

namespace leoflow::objects {
namespace {

constexpr int kRangeBehindTheEnd = 416;
constexpr std::size_t kMostWords = 300;

/// As libcurl says it: without a port that goes without saying.
std::string host_of(std::string_view server) {
  const bool is_tls = server.starts_with("https://");
  server.remove_prefix(server.find("://") + 3);
  const std::string_view usual = is_tls ? ":443" : ":80";
  if (server.ends_with(usual)) server.remove_suffix(usual.size());
  return std::string(server);
}

bool may_pass(int status) {
  return status == 429 || status >= 500;
}

/// What the store says, in its own words.
std::string words_of(const http::ClientResponse& answer) {
  const std::string code = xml_text(answer.body, "Code");
  if (!code.empty()) return fmt::format("{} {}: {}", answer.status, code, xml_text(answer.body, "Message"));
  // Google's: {"error": {"message": ...}}, or as text.
  const auto document = answer.json_body();
  const json::value* error = document ? find(*document, "error") : nullptr;
  if (error != nullptr) return fmt::format("{} {}", answer.status, get_text(*error, "message"));
  return fmt::format("{} {}", answer.status, to_valid_utf8(trim(answer.body.substr(0, kMostWords))));
}

ErrorCode code_of(const http::ClientResponse& answer) {
  const std::string code = xml_text(answer.body, "Code");
  // Of a bucket that is not there nothing may be concluded.
  const bool is_of_bucket = answer.body.find("bucket does not exist") != std::string::npos;
  if (answer.status == 404 && !is_of_bucket && (code.empty() || code == "NoSuchKey"))
    return ErrorCode::not_found;
  if (answer.status == 401 || answer.status == 403) return ErrorCode::forbidden;
  return may_pass(answer.status) ? ErrorCode::unavailable : ErrorCode::invalid;
}

/// "bytes 0-9/123"
std::optional<std::uint64_t> total_of(std::string_view content_range) {
  content_range.remove_prefix(std::min(content_range.find('/'), content_range.size()));
  if (content_range.empty()) return std::nullopt;
  std::uint64_t total = 0;
  const auto [end, error] =
      std::from_chars(content_range.data() + 1, content_range.data() + content_range.size(), total);
  return error == std::errc{} ? std::optional(total) : std::nullopt;
}

}  // namespace

Result<void> Bucket::put(const std::string& key, std::string_view bytes) {
  const auto answer = ask(key, {.method = options_.write_method,
                                .path = options_.write(key),
                                .headers = {{"content-type", "text/plain"}},
                                .body = bytes});
  if (!answer) return std::unexpected(answer.error());
  return {};
}

Result<Piece> Bucket::get(const std::string& key, std::uint64_t from, std::uint64_t size) {
  auto answer = ask(key, {.method = "GET",
                          .path = options_.read(key),
                          .headers = {{"range", fmt::format("bytes={}-{}", from, from + size - 1)}}});
  if (!answer) return std::unexpected(answer.error());
  const auto total = total_of(answer->header("content-range"));
  if (answer->status == kRangeBehindTheEnd) return Piece{"", total.value_or(0)};
  std::string& body = answer->body;
  if (answer->status == 206 && total) return Piece{std::move(body), *total};
  // It does not know ranges, or sends all because all was asked for.
  const std::uint64_t whole = body.size();
  return Piece{from >= whole ? "" : body.substr(from, size), whole};
}

Result<http::ClientResponse> Bucket::ask(const std::string& key, Order order) {
  const auto named = [&](ErrorCode code, std::string_view why) {
    return fail(code, fmt::format("{}: {}", url(key), why));
  };
  order.host = host_of(options_.server);
  for (int tries = 1;; ++tries) {
    auto answer = ask_once(order);
    const bool is_passing = answer ? may_pass(answer->status) : answer.error().code == ErrorCode::unavailable;
    if (!is_passing || tries >= options_.tries) {
      if (!answer) return named(answer.error().code, answer.error().message);
      if (answer->status < 300 || answer->status == kRangeBehindTheEnd) return answer;
      return named(code_of(*answer), words_of(*answer));
    }
    std::this_thread::sleep_for(options_.pause * (tries == 1 ? 1 : 4));
  }
}

Result<http::ClientResponse> Bucket::ask_once(Order order) {
  if (authorizer_) {
    if (auto said = authorizer_->authorize(order); !said) return std::unexpected(said.error());
  }
  std::unique_ptr<http::Client> client = take_client();
  http::ClientHeaders headers(order.headers.begin(), order.headers.end());
  auto answer = client->send(order.method, order.path, order.body, headers);
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(client));
  return answer;
}

std::unique_ptr<http::Client> Bucket::take_client() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) {
    return std::make_unique<http::Client>(
        options_.server,
        http::ClientOptions{.limit = std::chrono::seconds(5), .silence = std::chrono::seconds(20)});
  }
  std::unique_ptr<http::Client> out = std::move(idle_.back());
  idle_.pop_back();
  return out;
}

}  // namespace leoflow::objects
