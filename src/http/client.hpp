#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace leoflow::http {

using ClientHeaders = std::vector<std::pair<std::string, std::string>>;

struct ClientResponse {
  int status = 0;
  std::string body;
  ClientHeaders headers{};  ///< names in lower case

  /// Errors: invalid if the body is not JSON.
  Result<json::value> json_body() const { return parse_json(body); }
  /// "" if there is none.
  std::string_view header(std::string_view name) const;
};

struct ClientOptions {
  std::chrono::milliseconds limit = std::chrono::seconds(30);  ///< of a whole request
  /// Where requests may be long: how long nothing may move; then `limit` is that of the connecting. 0: as
  /// above.
  std::chrono::seconds silence{0};
  std::string ca{};           ///< PEM: who signs the certificates of https:// servers; "" for the system's
  std::string certificate{};  ///< PEM: what the client shows; "" for nothing
  std::string key{};          ///< PEM: of that
};

/// A blocking client for http:// and https://. Keeps its connection from one request to the next. Not thread
/// safe, but for stop().
class Client {
 public:
  /// @param base_url "http://127.0.0.1:8088", without a path.
  explicit Client(std::string base_url, ClientOptions options = {});
  ~Client();
  Client(Client&& other) noexcept;
  Client& operator=(Client&& other) noexcept;

  /// Sent with every request.
  void use_header(std::string name, std::string value) {
    headers_.emplace_back(std::move(name), std::move(value));
  }
  void use_token(std::string bearer_token) { token_ = std::move(bearer_token); }

  /// @param body "" for none. @param content_type of it.
  /// Errors: unavailable (no connection, time-out, a certificate that is not trusted), invalid (not a URL).
  Result<ClientResponse> send(std::string_view method, std::string_view target, std::string_view body = "",
                              std::string_view content_type = "application/json");
  /// With these headers besides, among them that of the body's type.
  Result<ClientResponse> send(std::string_view method, std::string_view target, std::string_view body,
                              const ClientHeaders& headers);
  Result<ClientResponse> get(std::string_view target) { return send("GET", target); }
  Result<ClientResponse> post(std::string_view target, const json::value& body) {
    return send("POST", target, json::serialize(body));
  }
  Result<ClientResponse> patch(std::string_view target, const json::value& body) {
    return send("PATCH", target, json::serialize(body));
  }

  /// Hands over what a GET of an endless answer brings, until the server ends it, nothing came for `silence`,
  /// or stop() is called. Only the body of an answer below 300 is handed over; another one is returned whole.
  /// @param on_part  returns false to end it.
  /// Errors: as send().
  Result<ClientResponse> stream(std::string_view target, std::chrono::seconds silence,
                                const std::function<bool(std::string_view)>& on_part);
  /// Ends what is being asked within a second, and everything that is asked from then on. For any thread.
  void stop() { stopped_->store(true); }

 private:
  struct Transfer;
  Result<ClientResponse> perform(Transfer& transfer, std::string_view method, std::string_view target);

  std::string base_url_;
  ClientOptions options_;
  std::string token_;
  ClientHeaders headers_;
  void* curl_;  ///< libcurl's easy handle
  std::unique_ptr<std::atomic<bool>> stopped_ = std::make_unique<std::atomic<bool>>(false);
};

}  // namespace leoflow::http
