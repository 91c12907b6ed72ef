#include "api/execution/execution_api.hpp"

#include "api/execution/access.hpp"
#include "api/execution/reading.hpp"
#include "api/wire/body_json.hpp"
#include "base/time_text.hpp"

namespace leoflow::api::execution {
namespace {

constexpr const char* kVersionHeader = "Airflow-API-Version";
constexpr const char* kNewToken = "Refreshed-API-Token";
constexpr const char* kCorrelation = "correlation-id";

std::vector<Operation> all_operations() {
  std::vector<Operation> all;
  for (const auto& part :
       {task_instance_operations, xcom_operations, variable_operations, dag_run_operations, asset_operations,
        state_store_operations, human_input_operations, other_operations}) {
    std::vector<Operation> some = part();
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

bool is_day(std::string_view text) {
  return text.size() == 10 && parse_iso(std::string(text) + "T00:00:00Z");
}

http::Response bad_version(std::string_view given) {
  wire::Problems problems;
  problems.add(wire::Location(wire::Location("header"), kVersionHeader), "date_from_datetime_parsing",
               "Input should be a valid date or datetime", json::value(given));
  return refuse(problems);
}

}  // namespace

ExecutionApi::Edition::Edition(const std::vector<Operation>& all, Version version) : router({}) {
  for (const Operation& operation : all) {
    if (version < operation.since || operation.until < version) continue;
    operations.push_back(&operation);
    routes.push_back(operation.route);
  }
  router = Router(routes);
}

ExecutionApi::ExecutionApi(ExecutionServices services) : services_(services), operations_(all_operations()) {
  for (std::size_t i = 0; i < kVersionNames.size(); ++i) {
    const auto version = static_cast<Version>(i);
    editions_.try_emplace(version, operations_, version);
  }
}

http::Response ExecutionApi::handle(const http::Request& request) {
  const auto header = request.headers.find("airflow-api-version");
  const std::string wanted =
      header == request.headers.end() ? std::string(kVersionNames.back()) : header->second;
  const auto version = version_of(wanted);
  http::Response response;
  if (!version) {
    response = http::error_response(404, "Not Found");
  } else if (!is_day(wanted)) {
    response = bad_version(wanted);
  } else {
    response = route(request, *version);
  }
  response.headers.emplace_back(kVersionHeader, wanted);
  if (const std::string_view id = request.header(kCorrelation); !id.empty()) {
    response.headers.emplace_back(kCorrelation, id);
  }
  return response;
}

http::Response ExecutionApi::route(const http::Request& request, Version version) {
  const Edition& edition = editions_.at(version);
  Router::Match match = edition.router.find(request.method, request.path);
  if (!match.operation) {
    return match.allowed.empty() ? http::error_response(404, "Not Found")
                                 : http::method_not_allowed(match.allowed);
  }
  match.params.query = &request.query;
  match.params.headers = &request.headers;
  const Operation& operation = *edition.operations[*match.operation];
  Asking asking{services_, operation, version};
  if (operation.access == Access::open) return perform(request, match.params, asking);
  const auto claims = claims_of(request, services_);
  if (!claims)
    return http::error_response(claims.error().code == ErrorCode::forbidden ? 403 : 401,
                                claims.error().message);
  const auto problem = reach_problem(*claims, operation.access, match.params);
  if (problem) return with_token(http::error_response(403, *problem), operation, *claims);
  // Only what it would do itself is passed on, not what anybody sends.
  if (auto answer = services_.leader(request)) return std::move(*answer);
  asking.task = claims->task;
  return with_token(perform(request, match.params, asking), operation, *claims);
}

http::Response ExecutionApi::perform(const http::Request& request, const wire::RawParams& params,
                                     Asking& asking) {
  const Operation& operation = asking.operation;
  wire::Problems problems;
  read_parameters(params, asking, problems);
  if (operation.body != nullptr || operation.whole_body) {
    const bool required = !operation.whole_body || operation.whole_body->required;
    const std::string_view type = request.header("content-type");
    if (auto body = wire::body_json(request.body, type, required, problems)) {
      asking.body = std::move(*body);
      if (operation.body != nullptr) read_body(*operation.body, asking.body, asking, problems);
    }
    if (const auto& whole = operation.whole_body; whole && !whole->as.empty() && problems.empty()) {
      // Any JSON will do, but a text that was sent as no JSON is none.
      if (whole->check == anything && !request.body.empty() && !wire::is_json(type)) {
        problems.add(wire::Location("body"), "invalid-json-value", "input was not a valid JSON value",
                     asking.body);
      }
      asking.arguments[whole->as] = whole->check(asking.body, wire::Location("body"), problems);
    }
  }
  if (!problems.empty()) return refuse(problems);
  if (operation.first != nullptr) {
    if (auto refusal = operation.first(asking)) return *refusal;
  }
  if (operation.handle != nullptr) return operation.handle(asking);

  Told told = asking.ask(operation.ask);
  if (told.refusal) return *told.refusal;
  http::Response response;
  response.status = operation.status;
  if (operation.status == 204) return response;
  if (!operation.message.empty()) {
    return answer_json(operation.status,
                       json::object{{"message", fill(operation.message, asking.arguments)}});
  }
  json::value body =
      operation.select == nullptr ? std::move(told.result) : operation.select(std::move(told.result));
  downgrade(body, operation.answered, asking.version);
  return answer_json(operation.status, body);
}

http::Response ExecutionApi::with_token(http::Response response, const Operation& operation,
                                        const auth::TaskClaims& claims) {
  const Time now = services_.clock.now();
  const bool is_begun = operation.access == Access::start_own_task && response.status == 200 &&
                        claims.scope == auth::TaskScope::workload;
  if (is_begun || (auth::TaskTokens::is_nearly_over(claims, now) && is_running(claims.task, services_))) {
    response.headers.emplace_back(kNewToken,
                                  services_.tokens.issue(claims.task, auth::TaskScope::execution, now));
  }
  return response;
}

}  // namespace leoflow::api::execution
