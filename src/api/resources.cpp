#include "api/resources.hpp"

namespace leoflow::api {

void bind_everything(Registry& registry) {
  bind_login(registry);
  bind_oidc_login(registry);
  bind_ui_config(registry);
  bind_ui_dashboard(registry);
  bind_ui_dags(registry);
  bind_ui_grid(registry);
  bind_ui_structure(registry);
  bind_ui_runs(registry);
  bind_ui_calendar(registry);
  bind_ui_assets(registry);
  bind_ui_dependencies(registry);
  bind_ui_deadlines(registry);
  bind_ui_partitions(registry);
  bind_dags(registry);
  bind_dag_details(registry);
  bind_dag_versions(registry);
  bind_dag_runs(registry);
  bind_dag_run_changes(registry);
  bind_task_instances(registry);
  bind_bulk_task_instances(registry);
  bind_task_instance_changes(registry);
  bind_task_history(registry);
  bind_clear(registry);
  bind_clear_runs(registry);
  bind_clear_partitions(registry);
  bind_extra_links(registry);
  bind_wait(registry);
  bind_tasks(registry);
  bind_backfills(registry);
  bind_human_input(registry);
  bind_logs(registry);
  bind_xcoms(registry);
  bind_variables(registry);
  bind_connections(registry);
  bind_connection_tests(registry);
  bind_pools(registry);
  bind_assets(registry);
  bind_asset_events(registry);
  bind_asset_queues(registry);
  bind_materialize(registry);
  bind_event_logs(registry);
  bind_providers(registry);
  bind_task_state_stores(registry);
  bind_asset_state_stores(registry);
  bind_import_errors(registry);
  bind_monitor(registry);
  bind_configuration(registry);
  bind_plugins(registry);
  bind_jobs(registry);
  bind_projects(registry);
  bind_service_tokens(registry);
}

}  // namespace leoflow::api
