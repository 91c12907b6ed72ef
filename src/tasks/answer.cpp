#include "tasks/answer.hpp"

namespace leoflow::tasks {
namespace {

std::string error_response(std::string_view error, json::object detail) {
  json::object out;
  out["type"] = "ErrorResponse";
  out["error"] = error;
  out["detail"] = std::move(detail);
  return json::serialize(out);
}

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid:
      return 400;
    case ErrorCode::unauthenticated:
      return 401;
    case ErrorCode::unprocessable:
      return 422;
    case ErrorCode::forbidden:
      return 403;
    case ErrorCode::not_found:
      return 404;
    case ErrorCode::conflict:
      return 409;
    case ErrorCode::unsupported:
      return 501;
    case ErrorCode::unavailable:
      return 503;
  }
  return 500;
}

}  // namespace

Answer result(std::string_view type, json::object fields) {
  fields["type"] = type;
  return {json::serialize(fields), ""};
}

Answer missing(std::string_view error, json::object detail) {
  return {error_response(error, std::move(detail)), ""};
}

Answer denied(json::object detail, std::string_view message) {
  detail["status_code"] = 403;
  detail["message"] = message;
  return {error_response("PERMISSION_DENIED", std::move(detail)), ""};
}

Answer refused(int status, std::string_view message) {
  return {"", error_response("API_SERVER_ERROR", {{"status_code", status}, {"message", message}})};
}

Answer refused(int status, std::string_view message, json::object detail) {
  detail["message"] = message;
  return {"", error_response("API_SERVER_ERROR",
                             {{"status_code", status}, {"message", message}, {"detail", std::move(detail)}})};
}

Answer refused(const Error& error) {
  return refused(status_of(error.code), error.message);
}

}  // namespace leoflow::tasks
