#pragma once

#include "api/wire/route.hpp"

namespace leoflow::api {

/// Whether only the replica that leads can answer: what writes, and what asks the engine, its agents or the
/// logs that they send. The others read the store.
bool needs_leader(const wire::Route& route);

}  // namespace leoflow::api
