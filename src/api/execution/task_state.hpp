#pragma once

#include "api/execution/asking.hpp"

namespace leoflow::api::execution {

/// PATCH task-instances/{id}/state: how an attempt ends, or why it pauses.
http::Response change_state(Asking& asking);

}  // namespace leoflow::api::execution
