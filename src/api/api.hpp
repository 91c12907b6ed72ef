#pragma once

#include "api/core/registry.hpp"
#include "api/core/router.hpp"
#include "api/core/services.hpp"
#include "api/static/static_files.hpp"

namespace leoflow::api {

/// Everything behind the HTTP port: Airflow's web UI, its login page, the public
/// API under /api/v2 and the UI's own under /ui, and the applications of plugins. Thread safe; all references
/// must outlive it.
class Api {
 public:
  Api(ApiConfig config, store::Database& database, engine::Commands& commands, const auth::Tokens& tokens,
      const auth::Sealer& sealer, const Clock& clock, Surroundings around = {});

  http::Response handle(const http::Request& request);

  const ApiMetrics& metrics() const { return services_.metrics; }

  /// The files of plugins are new or have changed.
  void renew_plugins() { services_.plugins.renew(services_.commands); }

 private:
  /// @param operation  set to what it turned out to be, for the metrics
  http::Response route(const http::Request& request, std::size_t& operation);
  void add_span(const http::Request& request, std::size_t operation, int status, Time started);
  http::Response dispatch(const http::Request& request, const Router::Match& match);
  Result<auth::Claims> authenticate(Call& call);
  http::Response serve_page(const http::Request& request, std::size_t& operation);
  /// Without Leoflow's own credentials, and with the name of who sent them.
  http::Request for_plugins(const http::Request& request);
  static http::Response login_redirect(const http::Request& request);

  const ApiConfig config_;
  const Surroundings around_;
  Services services_;
  Registry registry_;
  Router router_{gen::kRoutes};
  StaticFiles files_;
};

}  // namespace leoflow::api
