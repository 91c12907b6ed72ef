#pragma once

#include "api/wire/route.hpp"

namespace leoflow::api {

/// Whether only the replica that leads can answer: what writes, and what asks the engine or its agents. The
/// others read the database; `get_log` asks the leader where it has more of a log.
bool needs_leader(const wire::Route& route);

}  // namespace leoflow::api
