#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/core/services.hpp"
#include "api/wire/json_writer.hpp"
#include "api/wire/problems.hpp"
#include "auth/tokens.hpp"
#include "base/result.hpp"
#include "http/message.hpp"

namespace leoflow::api {

using Answer = http::Response;

/// One request on its way through a handler. Not thread safe; lives on the worker's stack.
class Call {
 public:
  Call(const http::Request& incoming, Services& services, std::string_view name)
      : request(incoming), api(services), operation(name) {}

  const http::Request& request;
  Services& api;
  const std::string_view operation;
  const Time began = api.clock.now();  ///< before anything was read
  auth::Claims user;                   ///< empty for open operations

  Time now() const { return api.clock.now(); }

  /// The request's reading connection, borrowed at its first use.
  store::Session& db();
  store::Rows query(std::string_view sql, std::initializer_list<store::Param> params = {}) {
    return db().query(sql, params);
  }

 private:
  std::optional<store::Database::ReadLease> lease_;
};

template <typename T>
Answer ok(const T& content, int status = 200) {
  Answer answer;
  answer.status = status;
  answer.body = wire::to_json(content);
  return answer;
}

/// 200 without the fields that are null (Airflow's response_model_exclude_none).
template <typename T>
Answer ok_without_nulls(const T& content) {
  Answer answer;
  answer.body = wire::to_json(content, true);
  return answer;
}

/// 204.
Answer no_content();

/// 422 with pydantic's list.
Answer unprocessable(const wire::Problems& problems);

/// Likewise, of a body whose fields do not fit each other.
Answer refused_body(const Call& call, std::string_view message);

/// What an expected refusal looks like over HTTP: {"detail": message}.
Answer refusal(const Error& error);

/// 409 in the words of Airflow's handler for unique violations.
Answer unique_violation(std::string_view message);

}  // namespace leoflow::api
