#include <algorithm>
#include <fmt/core.h>

#include "api/core/dag_rows.hpp"
#include "api/core/run_body.hpp"
#include "api/core/run_rows.hpp"
#include "api/core/task_set.hpp"
#include "api/resources.hpp"

namespace leoflow::api {

namespace {

Result<Answer> trigger_dag_run(Call& call, const gen::TriggerDagRunParams& params,
                               gen::TriggerDAGRunPostBody& body) {
  if (auto refused = refuse_run_body(body)) return *refused;
  const auto dag = read_dag(call.db(), params.dag_id);
  if (!dag) {
    return fail(ErrorCode::not_found, fmt::format("DAG with dag_id: '{}' not found", params.dag_id));
  }
  if (dag->has_import_errors) {
    return fail(
        ErrorCode::invalid,
        fmt::format("DAG with dag_id: '{}' has import errors and cannot be triggered", params.dag_id));
  }
  engine::TriggerRun command = run_command(call, params.dag_id, body);
  // The UI marks its requests by where they come from; everything else is the REST API.
  command.triggered_by = call.request.header("referer").empty() ? "rest_api" : "ui";
  return create_run(call, std::move(command));
}

Result<void> set_run_note(Call& call, const std::string& dag_id, const std::string& run_id,
                          const std::optional<std::string>& note) {
  return call.api.commands.write([&, at = call.now()](store::Session& session) -> Result<void> {
    session.execute(
        "UPDATE dag_run SET note = $1, note_user = $2, updated_at = $3 WHERE dag_id = $4 AND run_id = $5",
        {note, call.user.subject, at, dag_id, run_id});
    return {};
  });
}

struct RunPatch {
  std::optional<std::string> state;
  std::optional<std::optional<std::string>> note;
};

Result<void> apply_patch(Call& call, const std::string& dag_id, const std::string& run_id,
                         const RunPatch& patch) {
  if (patch.note) {
    if (auto done = set_run_note(call, dag_id, run_id, *patch.note); !done) return done;
  }
  if (patch.state) {
    engine::MarkRun command{dag_id, run_id, *patch.state};
    if (auto done = call.api.commands.mark_run(std::move(command)); !done) return done;
  }
  return {};
}

// The fields that the client sent, narrowed by the update mask.
template <typename Body>
RunPatch patch_from(const Body& body, const std::optional<std::vector<std::string>>& mask) {
  const auto wanted = [&](std::string_view field) {
    return body.has(field) &&
           (!mask || mask->empty() || std::find(mask->begin(), mask->end(), field) != mask->end());
  };
  RunPatch patch;
  if (wanted("state")) patch.state = body.state;
  if (wanted("note")) patch.note = body.note;
  return patch;
}

Result<Answer> patch_dag_run(Call& call, const gen::PatchDagRunParams& params, gen::DAGRunPatchBody& body) {
  if (auto known = require_run(call.db(), params.dag_id, params.dag_run_id); !known) {
    return std::unexpected(known.error());
  }
  const RunPatch patch = patch_from(body, params.update_mask);
  if (auto done = apply_patch(call, params.dag_id, params.dag_run_id, patch); !done) {
    return std::unexpected(done.error());
  }
  const auto run = read_run(call.db(), params.dag_id, params.dag_run_id);
  if (!run) return std::unexpected(run.error());
  return ok(*run);
}

Result<void> remove_run(Call& call, const std::string& dag_id, const std::string& run_id) {
  if (auto known = require_run(call.db(), dag_id, run_id); !known) return known;
  if (auto done = call.api.commands.delete_run(dag_id, run_id); !done) return done;
  return {};
}

Result<Answer> delete_dag_run(Call& call, const gen::DeleteDagRunParams& params) {
  if (auto done = remove_run(call, params.dag_id, params.dag_run_id); !done)
    return std::unexpected(done.error());
  return no_content();
}

Result<Answer> bulk_dag_runs(Call& call, const gen::BulkDagRunsParams& params,
                             gen::BulkBody_BulkDAGRunBody_& body) {
  const auto dag_of = [&](const gen::BulkDAGRunBody& run) { return run.dag_id.value_or(params.dag_id); };
  gen::BulkResponse response;
  for (auto& action : body.actions) {
    if (std::holds_alternative<gen::BulkCreateAction_BulkDAGRunBody_>(action)) {
      auto& result = response.create ? *response.create : response.create.emplace();
      result.errors.push_back(
          json::object{{"error", "Creating dag runs in bulk is not supported"}, {"status_code", 405}});
    } else if (auto* update = std::get_if<gen::BulkUpdateAction_BulkDAGRunBody_>(&action)) {
      auto& result = response.update ? *response.update : response.update.emplace();
      for (const auto& run : update->entities) {
        auto done = require_run(call.db(), dag_of(run), run.dag_run_id);
        if (done) done = apply_patch(call, dag_of(run), run.dag_run_id, patch_from(run, update->update_mask));
        report(result, dag_of(run) + "." + run.dag_run_id, done, update->action_on_non_existence == "skip");
      }
    } else if (auto* removal = std::get_if<gen::BulkDeleteAction_BulkDAGRunBody_>(&action)) {
      auto& result = response.delete_ ? *response.delete_ : response.delete_.emplace();
      for (const auto& entity : removal->entities) {
        gen::BulkDAGRunBody run;
        if (const auto* id = std::get_if<std::string>(&entity)) {
          run.dag_run_id = *id;
        } else {
          run = std::get<gen::BulkDAGRunBody>(entity);
        }
        report(result, dag_of(run) + "." + run.dag_run_id, remove_run(call, dag_of(run), run.dag_run_id),
               removal->action_on_non_existence == "skip");
      }
    }
  }
  return ok(response);
}

}  // namespace

void bind_dag_run_changes(Registry& registry) {
  registry.bind<op::trigger_dag_run>(trigger_dag_run);
  registry.bind<op::patch_dag_run>(patch_dag_run);
  registry.bind<op::delete_dag_run>(delete_dag_run);
  registry.bind<op::bulk_dag_runs>(bulk_dag_runs);
}

}  // namespace leoflow::api
