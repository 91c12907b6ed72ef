#pragma once

#include "api/core/registry.hpp"

namespace leoflow::api {

// One function per file of handlers: it binds the operations of its resource.
void bind_login(Registry& registry);
void bind_oidc_login(Registry& registry);
void bind_ui_config(Registry& registry);
void bind_ui_dashboard(Registry& registry);
void bind_ui_dags(Registry& registry);
void bind_ui_grid(Registry& registry);
void bind_ui_structure(Registry& registry);
void bind_ui_runs(Registry& registry);
void bind_ui_calendar(Registry& registry);
void bind_ui_assets(Registry& registry);
void bind_ui_dependencies(Registry& registry);
void bind_ui_deadlines(Registry& registry);
void bind_ui_partitions(Registry& registry);
void bind_dags(Registry& registry);
void bind_dag_details(Registry& registry);
void bind_dag_versions(Registry& registry);
void bind_dag_runs(Registry& registry);
void bind_dag_run_changes(Registry& registry);
void bind_task_instances(Registry& registry);
void bind_bulk_task_instances(Registry& registry);
void bind_task_instance_changes(Registry& registry);
void bind_task_history(Registry& registry);
void bind_clear(Registry& registry);
void bind_clear_runs(Registry& registry);
void bind_clear_partitions(Registry& registry);
void bind_extra_links(Registry& registry);
void bind_wait(Registry& registry);
void bind_tasks(Registry& registry);
void bind_backfills(Registry& registry);
void bind_human_input(Registry& registry);
void bind_logs(Registry& registry);
void bind_xcoms(Registry& registry);
void bind_variables(Registry& registry);
void bind_connections(Registry& registry);
void bind_connection_tests(Registry& registry);
void bind_pools(Registry& registry);
void bind_assets(Registry& registry);
void bind_asset_events(Registry& registry);
void bind_asset_queues(Registry& registry);
void bind_materialize(Registry& registry);
void bind_event_logs(Registry& registry);
void bind_providers(Registry& registry);
void bind_task_state_stores(Registry& registry);
void bind_asset_state_stores(Registry& registry);
void bind_import_errors(Registry& registry);
void bind_monitor(Registry& registry);
void bind_configuration(Registry& registry);
void bind_plugins(Registry& registry);
void bind_jobs(Registry& registry);
void bind_projects(Registry& registry);
void bind_service_tokens(Registry& registry);

void bind_everything(Registry& registry);

}  // namespace leoflow::api
