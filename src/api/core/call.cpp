#include "api/core/call.hpp"

namespace leoflow::api {

store::Session& Call::db() {
  if (!lease_) lease_.emplace(api.database.read());
  return **lease_;
}

Answer no_content() {
  Answer answer;
  answer.status = 204;
  return answer;
}

Answer unprocessable(const wire::Problems& problems) {
  Answer answer;
  answer.status = 422;
  answer.body = json::serialize(json::object{{"detail", problems.list()}});
  return answer;
}

Answer refused_body(const Call& call, std::string_view message) {
  wire::Problems problems;
  problems.add(wire::Location("body"), "value_error", "Value error, " + std::string(message),
               parse_json(call.request.body).value_or(nullptr), {{"error", json::object()}});
  return unprocessable(problems);
}

Answer refusal(const Error& error) {
  switch (error.code) {
    case ErrorCode::invalid:
      return http::error_response(400, error.message);
    case ErrorCode::unprocessable:
      return http::error_response(422, error.message);
    case ErrorCode::unauthenticated:
      return http::error_response(401, error.message);
    case ErrorCode::forbidden:
      return http::error_response(403, error.message);
    case ErrorCode::not_found:
      return http::error_response(404, error.message);
    case ErrorCode::conflict:
      return http::error_response(409, error.message);
    case ErrorCode::unsupported:
      return http::error_response(501, error.message);
    case ErrorCode::unavailable:
      return http::error_response(503, error.message);
  }
  return http::error_response(500, "Internal Server Error");
}

Answer unique_violation(std::string_view message) {
  Answer answer;
  answer.status = 409;
  answer.body =
      json::serialize(json::object{{"detail", json::object{{"reason", "Unique constraint violation"},
                                                           {"statement", "hidden"},
                                                           {"orig_error", "hidden"},
                                                           {"message", message}}}});
  return answer;
}

}  // namespace leoflow::api
