#include "app/probes.hpp"

#include "base/log.hpp"

namespace leoflow::app {
namespace {

http::Response ok() {
  http::Response out;
  out.body = R"({"status":"ok"})";
  return out;
}

http::Response readiness(store::Database& database) {
  try {
    database.read()->query("SELECT 1");
    return ok();
  } catch (const store::Unavailable& error) {
    log::warning("not ready: {}", error.what());
    return http::error_response(503, "The database does not answer");
  }
}

}  // namespace

std::optional<http::Response> answer_probe(const http::Request& request, store::Database& database) {
  const bool is_readiness = request.path == "/readyz";
  if (!is_readiness && request.path != "/healthz") return std::nullopt;
  if (request.method != "GET" && request.method != "HEAD") return http::method_not_allowed("GET");
  return is_readiness ? readiness(database) : ok();
}

}  // namespace leoflow::app
