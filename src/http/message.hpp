#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leoflow::http {

using Headers = std::multimap<std::string, std::string>;  ///< names in lower case
using Query = std::multimap<std::string, std::string>;    ///< names and values decoded

struct Request {
  std::string method;
  std::string target;  ///< path and query as they came
  std::string path;    ///< still percent-encoded
  Query query;
  Headers headers;
  std::string body;
  std::string remote_address;
  std::string scheme = "http";

  /// "" if there is no such header. @param name in lower case.
  std::string_view header(std::string_view name) const;
  /// The cookie's value, "" if there is none.
  std::string_view cookie(std::string_view name) const;
  /// The token of "Authorization: Bearer ...", "" if there is none.
  std::string_view bearer_token() const;
};

/// A piece of a streamed answer.
struct Part {
  std::string text;
  std::chrono::milliseconds pause{0};  ///< before the next one is made
};

/// Makes the next part of an answer; nothing is its end. Called on worker threads, one call at a time; may
/// block. An exception breaks the answer off.
using Stream = std::function<std::optional<Part>()>;

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  /// Used instead of `body` when set: one copy serves many answers.
  std::shared_ptr<const std::string> shared_body;
  /// Used instead of both when set: each part is sent as soon as it is made.
  Stream stream;

  std::string_view content() const { return shared_body ? *shared_body : body; }
  /// @param name in any case.
  bool has_header(std::string_view name) const;
};

/// Answers one request. Called on worker threads, several at a time; may block.
using Handler = std::function<Response(const Request&)>;

/// Takes a cookie out of the request.
void remove_cookie(Request& request, std::string_view name);

/// {"detail": message}
Response error_response(int status, std::string_view message);

/// 405, with the methods that are allowed: "GET, POST".
Response method_not_allowed(std::string_view allowed);

/// Splits a request target into path and decoded query; broken escapes stay as they are.
void parse_target(std::string_view target, Request& request);

}  // namespace leoflow::http
