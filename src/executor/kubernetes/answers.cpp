#include "executor/kubernetes/answers.hpp"

namespace leoflow::executor {
namespace {

/// An API server that has just started knows no roles for a moment; and rights can be given.
bool is_without_right(const kube::Answer& answer) {
  return answer.status == 403 && answer.message().find("cannot create resource") != std::string::npos;
}

std::string metadata_text(const json::value& object, std::string_view key) {
  const json::value* metadata = find(object, "metadata");
  return metadata == nullptr ? "" : get_text(*metadata, key);
}

}  // namespace

bool is_quota(const kube::Answer& answer) {
  return answer.status == 403 && answer.message().find("exceeded quota") != std::string::npos;
}

bool is_transient(const kube::Answer& answer) {
  // 409: a quota was changed by somebody else at the same moment. 401: our token ran out; it is renewed in
  // place.
  return answer.status == 429 || answer.status == 401 || answer.status >= 500 || answer.status == 408 ||
         answer.status == 409 || is_quota(answer) || is_without_right(answer);
}

std::string uid_of(const json::value& object) {
  return metadata_text(object, "uid");
}

std::string version_of(const json::value& object) {
  return metadata_text(object, "resourceVersion");
}

bool is_being_deleted(const json::value& object) {
  return !metadata_text(object, "deletionTimestamp").empty();
}

}  // namespace leoflow::executor
