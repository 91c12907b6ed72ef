#pragma once

#include <optional>

#include "api/core/services.hpp"
#include "http/message.hpp"

namespace leoflow::api {

/// What the login page's address answers where people log in at a provider: the way there. Nothing for
/// "/auth/login?local", which stays for who has a password, and where there is no provider.
std::optional<http::Response> provider_instead_of_page(const http::Request& request,
                                                       const Services& services);

}  // namespace leoflow::api
