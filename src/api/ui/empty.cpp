#include "api/core/dag_rows.hpp"
#include "api/core/run_rows.hpp"
#include "api/resources.hpp"

/// The UI's views of things that nothing in Leoflow makes yet: truthfully empty.
namespace leoflow::api {

namespace {

Result<Answer> get_deadlines(Call& call, const gen::GetDeadlinesParams& params) {
  if (params.dag_id != "~" && params.dag_run_id != "~") {
    if (auto known = require_run(call.db(), params.dag_id, params.dag_run_id); !known) {
      return std::unexpected(known.error());
    }
  }
  return ok(gen::DeadlineCollectionResponse{});
}

Result<Answer> get_dag_deadline_alerts(Call& call, const gen::GetDagDeadlineAlertsParams& params) {
  if (auto known = require_dag(call.db(), params.dag_id); !known) return std::unexpected(known.error());
  return ok(gen::DeadlineAlertCollectionResponse{});
}

}  // namespace

void bind_ui_empty(Registry& registry) {
  registry.bind<op::get_deadlines>(get_deadlines);
  registry.bind<op::get_dag_deadline_alerts>(get_dag_deadline_alerts);
}

}  // namespace leoflow::api
