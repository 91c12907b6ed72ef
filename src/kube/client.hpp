#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "http/client.hpp"
#include "kube/access.hpp"

namespace leoflow::kube {

/// What an API server said.
struct Answer {
  int status = 0;
  json::value body;
  std::chrono::seconds retry_after{0};  ///< if it said so

  bool is_ok() const { return status / 100 == 2; }
  /// The reason of a refusal in one word: "AlreadyExists", "Forbidden", "Expired", ...
  std::string reason() const { return get_text(body, "reason"); }
  /// The same in a sentence.
  std::string message() const;
};

/// Asks an API server, one request at a time. Not thread safe, but for stop().
class Client {
 public:
  explicit Client(Access access, std::chrono::milliseconds limit = std::chrono::seconds(10));

  /// Errors: unavailable (no answer, or none that can be read).
  Result<Answer> get(const std::string& path) { return ask("GET", path, nullptr); }
  Result<Answer> create(const std::string& collection, const json::value& object) {
    return ask("POST", collection, object);
  }
  /// @param options a DeleteOptions
  Result<Answer> remove(const std::string& path, const json::value& options) {
    return ask("DELETE", path, options);
  }
  /// @param changes  what is to be other than it is; null for what is to be no more.
  /// Source: RFC 7386.
  Result<Answer> patch(const std::string& path, const json::value& changes) {
    return ask("PATCH", path, changes, "application/merge-patch+json");
  }
  /// Hands over the events of a watch, each a JSON object of a line; returns when the server ends it, or
  /// with an answer that is not ok. Errors: unavailable, also when nothing came for `silence`.
  Result<Answer> watch(const std::string& path, std::chrono::seconds silence,
                       const std::function<bool(const json::value&)>& on_event);
  /// For any thread: nothing is asked any more.
  void stop() { http_.stop(); }

 private:
  Result<Answer> ask(std::string_view method, const std::string& path, const json::value& body,
                     std::string_view content_type = "application/json");
  /// The token may have been renewed since.
  void use_token();

  const Access access_;
  http::Client http_;
};

/// "/api/v1/namespaces/NS/pods", or of one of them.
std::string pods_path(std::string_view name_space, std::string_view name = "");

}  // namespace leoflow::kube
