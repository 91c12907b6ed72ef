#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace leoflow::http {

struct ClientResponse {
  int status = 0;
  std::string body;

  /// Errors: invalid if the body is not JSON.
  Result<json::value> json_body() const { return parse_json(body); }
};

/// A small blocking client: one connection per request,
/// plain HTTP. Not thread safe.
class Client {
 public:
  /// @param base_url "http://127.0.0.1:8088", without a path.
  explicit Client(std::string base_url, std::chrono::milliseconds limit = std::chrono::seconds(30));

  /// Sent with every request.
  void use_header(std::string name, std::string value) {
    headers_.emplace_back(std::move(name), std::move(value));
  }
  void use_token(std::string bearer_token) { token_ = std::move(bearer_token); }

  /// @param body JSON text, "" for none.
  /// Errors: unavailable (no connection, time-out), invalid (not a URL).
  Result<ClientResponse> send(std::string_view method, std::string_view target, std::string_view body = "");
  Result<ClientResponse> get(std::string_view target) { return send("GET", target); }
  Result<ClientResponse> post(std::string_view target, const json::value& body) {
    return send("POST", target, json::serialize(body));
  }
  Result<ClientResponse> patch(std::string_view target, const json::value& body) {
    return send("PATCH", target, json::serialize(body));
  }

 private:
  std::string base_url_;
  std::chrono::milliseconds limit_;
  std::string token_;
  std::vector<std::pair<std::string, std::string>> headers_;
};

}  // namespace leoflow::http
