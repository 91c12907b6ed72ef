#include "app/probes.hpp"

#include "base/log.hpp"

namespace leoflow::app {
namespace {

http::Response readiness(store::Database& database) {
  try {
    database.read()->query("SELECT 1");
    return alive();
  } catch (const store::Unavailable& error) {
    log::warning("not ready: {}", error.what());
    return http::error_response(503, "The database does not answer");
  }
}

}  // namespace

http::Response alive() {
  return {.body = R"({"status":"ok"})"};
}

std::optional<http::Response> answer_probe(const http::Request& request, store::Database& database) {
  const bool is_readiness = request.path == "/readyz";
  if (!is_readiness && request.path != "/healthz") return std::nullopt;
  if (request.method != "GET" && request.method != "HEAD") return http::method_not_allowed("GET");
  return is_readiness ? readiness(database) : alive();
}

}  // namespace leoflow::app
