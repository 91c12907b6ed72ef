#include <fmt/format.h>

#include "api/core/bulk.hpp"
#include "api/core/python_text.hpp"
#include "api/core/task_change.hpp"
#include "api/core/task_set.hpp"
#include "api/resources.hpp"

namespace leoflow::api {

namespace {

using Entity = gen::BulkTaskInstanceBody;

/// One entity of an action with the instances that it names.
struct Named {
  Entity entity;
  Target target;
  std::vector<gen::TaskInstanceResponse> instances;
};

std::string python_place(const Target& target) {
  return fmt::format("{{'dag_id': {}, 'dag_run_id': {}, 'task_id': {}, 'map_index': {}}}",
                     python_repr(target.dag_id), python_repr(target.run_id),
                     python_repr(target.task_ids.front()), *target.map_index);
}

/// Runs the actions on task instances. One that is to fail if something is not there does nothing then.
class BulkTasks {
 public:
  BulkTasks(Call& call, const gen::BulkTaskInstancesParams& params) : call_(call), params_(params) {}

  void update(const gen::BulkUpdateAction_BulkTaskInstanceBody_& action, gen::BulkActionResponse& result) {
    std::vector<Named> all;
    std::size_t count = changed_;
    for (const Entity& entity : action.entities) {
      count += add(entity, false, all, result);
      if (too_many(count, result)) return;
    }
    if (action.action_on_non_existence == "fail" && refuses(all, result)) return;
    for (const Named& named : all) {
      for (const auto& instance : named.instances) {
        report(result, key_of(instance), change(named, instance, action.update_mask), false);
      }
    }
  }

  void remove(const gen::BulkDeleteAction_BulkTaskInstanceBody_& action, gen::BulkActionResponse& result) {
    std::vector<Named> all;
    std::size_t count = changed_;
    for (const auto& listed : action.entities) {
      const auto* id = std::get_if<std::string>(&listed);
      Entity entity;
      if (id != nullptr) {
        entity.task_id = *id;
      } else {
        entity = std::get<Entity>(listed);
      }
      count += add(entity, id != nullptr, all, result);
      if (too_many(count, result)) return;
    }
    if (action.action_on_non_existence == "fail" && refuses(all, result)) return;
    for (const Named& named : all) {
      for (const auto& instance : named.instances) {
        report(result, key_of(instance),
               remove_task(call_, instance.dag_id, instance.dag_run_id, instance.task_id, instance.map_index),
               true);
      }
    }
  }

 private:
  /// @returns how many instances the entity names: of a mapped task perhaps all.
  std::size_t add(const Entity& entity, bool is_text, std::vector<Named>& all,
                  gen::BulkActionResponse& result) {
    Target target{entity.dag_id.value_or(params_.dag_id),
                  entity.dag_run_id.value_or(params_.dag_run_id),
                  {entity.task_id},
                  entity.map_index};
    if (target.dag_id == "~" || target.run_id == "~") {
      const std::string_view where = is_text ? "BulkTaskInstanceBody object, not as string" : "request body";
      report(result, "",
             fail(ErrorCode::invalid,
                  fmt::format("When using wildcard in path, dag_id and dag_run_id must be specified in "
                              "{} for task_id: {}",
                              where, entity.task_id)),
             false);
      return 0;
    }
    auto instances = own_tasks(call_, target);
    all.push_back({entity, std::move(target), std::move(instances)});
    return all.back().instances.size();
  }

  static bool too_many(std::size_t count, gen::BulkActionResponse& result) {
    const auto fits = check_bulk_size(count, "task instances");
    if (!fits) report(result, "", fits, false);
    return !fits;
  }

  static bool refuses(const std::vector<Named>& all, gen::BulkActionResponse& result) {
    std::string missing;
    for (const Named& named : all) {
      if (!named.instances.empty()) continue;
      if (!named.target.map_index) {
        report(result, "",
               fail(ErrorCode::not_found,
                    fmt::format("No task instances found for dag_id: {}, run_id: {}, task_id: {}",
                                named.target.dag_id, named.target.run_id, named.entity.task_id)),
               false);
        return true;
      }
      missing += (missing.empty() ? "" : ", ") + python_place(named.target);
    }
    if (missing.empty()) return false;
    report(result, "",
           fail(ErrorCode::not_found,
                fmt::format("The task instances with these identifiers: [{}] were not found", missing)),
           false);
    return true;
  }

  Result<void> change(const Named& named, const gen::TaskInstanceResponse& instance,
                      const std::optional<std::vector<std::string>>& mask) {
    Target target = named.target;
    target.map_index = instance.map_index;
    reach_from(named.entity, target);
    Change change = change_from(named.entity, mask);
    // As in Airflow, null takes a note away only from a task that the path names.
    if (!named.entity.note) change.note.reset();
    const auto dag = check_target(call_, target);
    if (!dag) return std::unexpected(dag.error());
    // With those of other runs there may be many more than were named.
    if (auto fits = check_bulk_size(changed_, "task instances"); !fits) return fits;
    const auto tasks = apply_change(call_, **dag, target, change);
    if (!tasks) return std::unexpected(tasks.error());
    changed_ += tasks->size();
    return {};
  }

  static std::string key_of(const gen::TaskInstanceResponse& instance) {
    return fmt::format("{}.{}.{}[{}]", instance.dag_id, instance.dag_run_id, instance.task_id,
                       instance.map_index);
  }

  Call& call_;
  const gen::BulkTaskInstancesParams& params_;
  std::size_t changed_ = 0;  ///< by all actions
};

Result<Answer> bulk_task_instances(Call& call, const gen::BulkTaskInstancesParams& params,
                                   gen::BulkBody_BulkTaskInstanceBody_& body) {
  if (auto fits = check_bulk(body); !fits) return std::unexpected(fits.error());
  gen::BulkResponse response;
  BulkTasks bulk(call, params);
  for (const auto& action : body.actions) {
    if (const auto* update = std::get_if<gen::BulkUpdateAction_BulkTaskInstanceBody_>(&action)) {
      bulk.update(*update, response.update ? *response.update : response.update.emplace());
    } else if (const auto* removal = std::get_if<gen::BulkDeleteAction_BulkTaskInstanceBody_>(&action)) {
      bulk.remove(*removal, response.delete_ ? *response.delete_ : response.delete_.emplace());
    } else {
      auto& result = response.create ? *response.create : response.create.emplace();
      result.errors.push_back(
          json::object{{"error", "Task instances bulk create is not supported"}, {"status_code", 405}});
    }
  }
  return ok(response);
}

}  // namespace

void bind_bulk_task_instances(Registry& registry) {
  registry.bind<op::bulk_task_instances>(bulk_task_instances);
}

}  // namespace leoflow::api
