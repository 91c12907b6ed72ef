#pragma once

#include <string>

#include "base/json.hpp"

namespace leoflow::engine {

/// The identity of a DAG's structure: SHA-256 over its serialized form with
/// sorted keys and without the places where it was found. Lists keep their order.
std::string dag_hash(const json::value& serialized);

}  // namespace leoflow::engine
