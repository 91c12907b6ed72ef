#pragma once

#include <optional>

#include "http/message.hpp"
#include "store/database.hpp"

namespace leoflow::app {

/// The answer of a process that is there.
http::Response alive();

/// What Kubernetes and load balancers ask, without a login: GET /healthz is 200 while the process answers at
/// all, GET /readyz is 503 while its database does not. Nothing for any other request.
std::optional<http::Response> answer_probe(const http::Request& request, store::Database& database);

}  // namespace leoflow::app
