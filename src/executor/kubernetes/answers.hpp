#pragma once

#include "base/json.hpp"
#include "kube/client.hpp"

namespace leoflow::executor {

/// What an API server may say otherwise the next time.
bool is_transient(const kube::Answer& answer);
/// A quota that is used up is no reason to give up: pods end.
bool is_quota(const kube::Answer& answer);

/// Of an object; "" if it does not say.
std::string uid_of(const json::value& object);
std::string version_of(const json::value& object);
bool is_being_deleted(const json::value& object);

}  // namespace leoflow::executor
