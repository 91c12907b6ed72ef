#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/variables.hpp"
#include "http/message.hpp"

namespace leoflow::api {

/// Which pages of other sites may use the API from a browser, with the visitor's cookie: none, unless it is
/// set. Answers as Airflow's do.
struct Cors {
  std::vector<std::string> origins;  ///< "https://dashboard.example.com"
  std::vector<std::string> methods;  ///< "*" for all
  std::vector<std::string> headers;  ///< in lower case; "*" for all

  bool is_on() const { return !origins.empty() || !methods.empty() || !headers.empty(); }
  bool allows(std::string_view origin) const;

  /// What a browser asks before it sends the request itself; nothing if it is another request.
  std::optional<http::Response> preflight(const http::Request& request) const;
  /// Says whether the page that sent the request may read the answer.
  void mark(const http::Request& request, http::Response& response) const;
};

/// Airflow's [api] access_control_allow_origins, _methods and _headers: lists with commas or spaces.
/// Errors: invalid, naming the variable and what it is set to.
Result<void> read_cors(const Variables& variables, Cors& out);

}  // namespace leoflow::api
