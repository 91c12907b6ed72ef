#include <algorithm>
#include <fmt/format.h>

#include "api/core/admission.hpp"
#include "api/core/dag_access.hpp"
#include "api/core/run_rows.hpp"
#include "api/resources.hpp"

// A run's state, told again and again until the run has ended.
namespace leoflow::api {

namespace {

/// One line of JSON for each look at the run. Copied into the answer's stream, which outlives the request.
class RunWaiter {
 public:
  RunWaiter(const Call& call, const gen::WaitDagRunUntilFinishedParams& params, OpenStreams::Place place)
      : services_(&call.api),
        place_(std::move(place)),
        token_(token_of(call.request)),
        dag_id_(params.dag_id),
        run_id_(params.dag_run_id),
        result_tasks_(params.result),
        // Some bounds: no client looks so often that it is felt by others, or keeps a connection and never
        // looks.
        interval_(static_cast<std::int64_t>(std::clamp(params.interval * 1000, 50.0, 60'000.0))) {}

  std::optional<http::Part> operator()() {
    if (is_over_) return std::nullopt;
    const auto session = services_->database.read();
    if (!may_still_look(*session)) return std::nullopt;
    const auto state = find_run_state(*session, dag_id_, run_id_);
    if (!state) return std::nullopt;  // somebody deleted it
    is_over_ = state == "success" || state == "failed";
    json::object line{{"state", *state}};
    if (is_over_) {
      if (json::object found = results(*session); !found.empty()) line["results"] = std::move(found);
    }
    const auto pause = is_over_ ? std::chrono::milliseconds{0} : interval_;
    return http::Part{json::serialize(line) + "\n", pause};
  }

 private:
  /// It may go on for longer than the token, or its user's rights.
  bool may_still_look(store::Session& session) const {
    const auto claims = admit(token_, *services_, [&]() -> store::Session& { return session; });
    return claims && may(session, *claims, dag_id_, dag::Access::read);
  }

  /// What the wanted tasks returned, or those whose returned value the DAG calls its result.
  json::object results(store::Session& session) const {
    Select select("x.task_id, x.map_index, x.value", "xcom x");
    select.where("x.dag_id = ? AND x.run_id = ? AND x.key = 'return_value'", {dag_id_, run_id_});
    if (result_tasks_) {
      select.in("x.task_id", result_tasks_);
    } else {
      select.where("x.dag_result = 1");
    }
    json::object out;
    for (const store::Row row : select.order_sql("x.task_id, x.map_index").rows(session)) {
      json::value value = parse_json(row.text(2)).value_or(nullptr);
      if (row.integer(1) < 0) {
        out[row.text(0)] = std::move(value);
        continue;
      }
      json::value& values = out[row.text(0)];  // of a mapped task: all of them
      if (!values.is_array()) values.emplace_array();
      values.get_array().push_back(std::move(value));
    }
    return out;
  }

  Services* services_;
  OpenStreams::Place place_;
  std::string token_;
  std::string dag_id_;
  std::string run_id_;
  std::optional<std::vector<std::string>> result_tasks_;
  std::chrono::milliseconds interval_;
  bool is_over_ = false;
};

Result<Answer> wait_dag_run_until_finished(Call& call, const gen::WaitDagRunUntilFinishedParams& params) {
  if (auto known = require_run(call.db(), params.dag_id, params.dag_run_id); !known)
    return std::unexpected(known.error());
  auto place = call.api.streams.take(call.user.subject);
  if (!place)
    return http::error_response(429, fmt::format("You wait for {} runs at once", OpenStreams::kMost));
  Answer answer;
  answer.content_type.clear();  // Airflow names none, and its clients read no other
  answer.stream = RunWaiter(call, params, std::move(place));
  return answer;
}

}  // namespace

void bind_wait(Registry& registry) {
  registry.bind<op::wait_dag_run_until_finished>(wait_dag_run_until_finished);
}

}  // namespace leoflow::api
