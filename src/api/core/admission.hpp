#pragma once

#include <functional>
#include <string_view>

#include "api/core/services.hpp"
#include "auth/tokens.hpp"
#include "base/result.hpp"
#include "http/message.hpp"
#include "store/sql.hpp"

namespace leoflow::api {

/// The token of a request: that of its Authorization header, or else that of the session's cookie; "" if
/// there is none.
std::string_view token_of(const http::Request& request);

/// Who bears a token, with the role and the groups that they have now.
/// @param session  gives a connection; not called for what is no token of ours, or has expired.
/// Errors: unauthenticated (no token, or an expired one); forbidden (another's, a revoked one, its user is
/// gone or has a new password).
Result<auth::Claims> admit(std::string_view token, const Services& services,
                           const std::function<store::Session&()>& session);

}  // namespace leoflow::api
