#pragma once

#include "http/message.hpp"

/// Where a request comes from. Browsers say so, in Origin, with every request that changes something;
/// programs say nothing.
namespace leoflow::api {

/// Whether a page of another site sent it, or one that hides where it comes from ("null").
bool is_cross_site(const http::Request& request);

/// Whether a page of this server sent it.
bool is_from_own_page(const http::Request& request);

}  // namespace leoflow::api
