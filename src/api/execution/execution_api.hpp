#pragma once

#include <map>
#include <memory>
#include <vector>

#include "api/core/router.hpp"
#include "api/execution/operation.hpp"

namespace leoflow::api::execution {

/// Airflow's Task Execution API under /execution: what an agent asks for its tasks over gRPC, workers without
/// an agent ask here. Thread safe; all references must outlive it.
class ExecutionApi {
 public:
  explicit ExecutionApi(ExecutionServices services);

  /// Whether a request is for this API.
  static bool serves(const http::Request& request) { return request.path.starts_with("/execution/"); }

  http::Response handle(const http::Request& request);

 private:
  /// The operations that a version has.
  struct Edition {
    explicit Edition(const std::vector<Operation>& all, Version version);
    std::vector<const Operation*> operations;
    std::vector<wire::Route> routes;
    Router router;
  };

  http::Response route(const http::Request& request, Version version);
  http::Response perform(const http::Request& request, const wire::RawParams& params, Asking& asking);
  http::Response with_token(http::Response response, const Operation& operation,
                            const auth::TaskClaims& claims);

  ExecutionServices services_;
  const std::vector<Operation> operations_;
  std::map<Version, Edition> editions_;
};

}  // namespace leoflow::api::execution
