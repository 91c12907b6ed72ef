#pragma once

#include "api/wire/route.hpp"
#include "auth/role.hpp"

namespace leoflow::api {

/// The least role that may call an operation that needs a login.
/// Source: Airflow 3.3.2, what its routes require of its simple auth manager.
auth::Role required_role(const wire::Route& route);

}  // namespace leoflow::api
