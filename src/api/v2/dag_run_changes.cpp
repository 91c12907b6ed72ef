#include <algorithm>
#include <fmt/core.h>

#include "api/core/bulk.hpp"
#include "api/core/dag_rows.hpp"
#include "api/core/notes.hpp"
#include "api/core/python_text.hpp"
#include "api/core/run_body.hpp"
#include "api/core/run_rows.hpp"
#include "api/core/task_set.hpp"
#include "api/resources.hpp"
#include "base/text.hpp"

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

/// A run that a bulk action names, of the path's DAG if it names none.
struct NamedRun {
  std::string dag_id;
  gen::BulkDAGRunBody body;
  std::optional<std::string> state;  ///< of the run; nothing if it is not there

  std::string key() const { return fmt::format("{}.{}", dag_id, body.dag_run_id); }
};

/// @param is_text the action gave no more than the run's id.
void add_named(Call& call, const std::string& dag_of_path, gen::BulkDAGRunBody body, bool is_text,
               std::vector<NamedRun>& all, gen::BulkActionResponse& result) {
  std::string dag_id = body.dag_id.value_or(dag_of_path);
  if (dag_id == "~" || body.dag_run_id == "~") {
    const std::string_view where = is_text ? "BulkDAGRunBody object, not as string" : "request body";
    return report(
        result, "",
        fail(ErrorCode::invalid,
             fmt::format("When using wildcard in path, dag_id must be specified in {} for dag_run_id: {}",
                         where, body.dag_run_id)),
        false);
  }
  auto state = find_run_state(call.db(), dag_id, body.dag_run_id);
  all.push_back({std::move(dag_id), std::move(body), std::move(state)});
}

/// Whether an action that is to fail if a run is not there does nothing for that reason; says so in its
/// result.
bool refuses(const std::vector<NamedRun>& all, gen::BulkActionResponse& result) {
  std::vector<std::string> missing;
  for (const NamedRun& named : all) {
    if (!named.state)
      missing.push_back(
          fmt::format("({}, {})", python_repr(named.dag_id), python_repr(named.body.dag_run_id)));
  }
  if (missing.empty()) return false;
  std::ranges::sort(missing);
  report(result, "",
         fail(ErrorCode::not_found,
              fmt::format("The DagRuns with these identifiers: [{}] were not found", join(missing, ", "))),
         false);
  return true;
}

void update_runs(Call& call, const std::string& dag_of_path,
                 const gen::BulkUpdateAction_BulkDAGRunBody_& action, gen::BulkActionResponse& result) {
  std::vector<NamedRun> all;
  for (const auto& body : action.entities) add_named(call, dag_of_path, body, false, all, result);
  if (action.action_on_non_existence == "fail" && refuses(all, result)) return;
  for (const NamedRun& named : all) {
    if (!named.state) continue;
    RunPatch patch = patch_from(named.body, action.update_mask);
    // As in Airflow, null takes a note away only from a run that the path names.
    if (!named.body.note) patch.note.reset();
    report(result, named.key(), apply_patch(call, named.dag_id, named.body.dag_run_id, patch), false);
  }
}

void remove_runs(Call& call, const std::string& dag_of_path,
                 const gen::BulkDeleteAction_BulkDAGRunBody_& action, gen::BulkActionResponse& result) {
  std::vector<NamedRun> all;
  for (const auto& entity : action.entities) {
    const auto* id = std::get_if<std::string>(&entity);
    gen::BulkDAGRunBody body;
    if (id != nullptr) {
      body.dag_run_id = *id;
    } else {
      body = std::get<gen::BulkDAGRunBody>(entity);
    }
    add_named(call, dag_of_path, std::move(body), id != nullptr, all, result);
  }
  if (action.action_on_non_existence == "fail" && refuses(all, result)) return;
  for (const NamedRun& named : all) {
    if (!named.state) continue;
    Result<void> done;
    if (*named.state == "running") {
      done =
          fail(ErrorCode::conflict,
               fmt::format("The DagRun with dag_id: `{}` and run_id: `{}` cannot be deleted in running state",
                           named.dag_id, named.body.dag_run_id));
    } else {
      done = remove_run(call, named.dag_id, named.body.dag_run_id);
    }
    report(result, named.key(), done, true);
  }
}

Result<Answer> bulk_dag_runs(Call& call, const gen::BulkDagRunsParams& params,
                             gen::BulkBody_BulkDAGRunBody_& body) {
  if (auto fits = check_bulk(body); !fits) return std::unexpected(fits.error());
  gen::BulkResponse response;
  for (const auto& action : body.actions) {
    if (const auto* update = std::get_if<gen::BulkUpdateAction_BulkDAGRunBody_>(&action)) {
      update_runs(call, params.dag_id, *update,
                  response.update ? *response.update : response.update.emplace());
    } else if (const auto* removal = std::get_if<gen::BulkDeleteAction_BulkDAGRunBody_>(&action)) {
      remove_runs(call, params.dag_id, *removal,
                  response.delete_ ? *response.delete_ : response.delete_.emplace());
    } else {
      auto& result = response.create ? *response.create : response.create.emplace();
      result.errors.push_back(json::object{
          {"error", "Dag Runs bulk create is not supported. Use the trigger Dag Run endpoint instead."},
          {"status_code", 405}});
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
