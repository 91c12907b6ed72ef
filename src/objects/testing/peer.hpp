#pragma once

#include <fmt/format.h>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/variables.hpp"
#include "http/server.hpp"

namespace leoflow::objects {

/// What a test answers for a store or a token service, with what it was asked.
class Peer {
 public:
  using Answer = std::function<http::Response(const http::Request&)>;
  explicit Peer(Answer answer)
      : server_(http::Server::start({.port = 0}, [this,
                                                  answer = std::move(answer)](const http::Request& request) {
                  {
                    const std::lock_guard lock(mutex_);
                    asked_.push_back(request);
                  }
                  return answer(request);
                }).value()) {}

  std::string url() const { return fmt::format("http://127.0.0.1:{}", server_->port()); }
  std::vector<http::Request> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

  static http::Response xml(int status, std::string_view code, std::string_view message) {
    return {.status = status,
            .content_type = "application/xml",
            .body = fmt::format("<Error><Code>{}</Code><Message>{}</Message></Error>", code, message)};
  }

 private:
  std::mutex mutex_;
  std::vector<http::Request> asked_;  ///< protected by mutex_
  std::unique_ptr<http::Server> server_;
};

/// An environment of these variables.
inline Variables variables_of(std::map<std::string, std::string> all) {
  return [all = std::move(all)](const char* name) {
    const auto found = all.find(name);
    return found == all.end() ? std::string() : found->second;
  };
}

}  // namespace leoflow::objects
