#pragma once

#include "api/core/registry.hpp"
#include "api/core/router.hpp"
#include "api/core/services.hpp"
#include "api/static/static_files.hpp"

namespace leoflow::api {

/// Everything behind the HTTP port: Airflow's web UI, its login page, the public
/// API under /api/v2 and the UI's own under /ui. Thread safe; all references
/// must outlive it.
class Api {
 public:
  Api(ApiConfig config, store::Database& database, engine::Commands& commands, const auth::Tokens& tokens,
      const auth::Sealer& sealer, const Clock& clock);

  http::Response handle(const http::Request& request);

 private:
  http::Response dispatch(const http::Request& request, const Router::Match& match);
  Result<auth::Claims> authenticate(Call& call);
  bool is_logged_in(const http::Request& request);
  static http::Response login_redirect(const http::Request& request);

  const ApiConfig config_;
  Services services_;
  Registry registry_;
  Router router_{gen::kRoutes};
  StaticFiles files_;
};

}  // namespace leoflow::api
