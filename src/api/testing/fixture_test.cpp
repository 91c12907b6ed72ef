#include "api/testing/fixture.hpp"

#include <cstdlib>
#include <fmt/core.h>

#include "auth/passwords.hpp"
#include "base/text.hpp"

namespace leoflow::api {

namespace {

// extract >> group work [left, right] >> report, as Airflow's parser writes it.
constexpr const char* kSerialized =
    R"({"__version": 3, "client_defaults": {"tasks": {"retry_delay": 300.0}}, "dag": {
  "dag_id": "hello", "doc_md": "Say **hello**.", "timezone": "UTC", "catchup": false, "start_date": 1767225600.0,
  "dagrun_timeout": 5400.0, "fileloc": "/dags/hello.py",
  "default_args": {"__type": "dict", "__var": {"retries": 2, "retry_delay": {"__type": "timedelta", "__var": 5.0}}},
  "params": [["name", {"__class": "airflow.sdk.definitions.param.Param", "default": "world", "description": null,
     "schema": {"__type": "dict", "__var": {"type": "string"}}, "source": "dag"}]],
  "edge_info": {"extract": {"work.left": {"label": "go"}}},
  "task_group": {"_group_id": null, "group_display_name": "", "prefix_group_id": true, "tooltip": "", "children": {
     "report": ["operator", "report"], "extract": ["operator", "extract"],
     "work": ["taskgroup", {"_group_id": "work", "group_display_name": "", "prefix_group_id": true, "tooltip": "Does it",
        "children": {"work.left": ["operator", "work.left"], "work.right": ["operator", "work.right"]},
        "upstream_group_ids": [], "downstream_group_ids": [], "upstream_task_ids": ["extract"],
        "downstream_task_ids": ["report"]}]},
     "upstream_group_ids": [], "downstream_group_ids": [], "upstream_task_ids": [], "downstream_task_ids": []},
  "tasks": [
    {"__type": "operator", "__var": {"task_id": "extract", "task_type": "_PythonDecoratedOperator", "_operator_name": "@task",
       "_task_module": "airflow.providers.standard.decorators.python", "retries": 2, "retry_delay": 5.0,
       "execution_timeout": 60.5, "template_fields": ["op_args"], "downstream_task_ids": ["work.left", "work.right"]}},
    {"__type": "operator", "__var": {"task_id": "work.left", "task_type": "BashOperator", "downstream_task_ids": ["report"]}},
    {"__type": "operator", "__var": {"task_id": "work.right", "_is_mapped": true, "task_type": "BashOperator",
       "partial_kwargs": {"pool": "small"}, "downstream_task_ids": ["report"]}},
    {"__type": "operator", "__var": {"task_id": "report", "task_type": "EmptyOperator", "trigger_rule": "all_done"}}]}})";

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

}  // namespace

Result<std::string> FakeCommands::trigger_run(engine::TriggerRun command) {
  triggered.push_back(command);
  if (command.run_id == "taken") return fail(ErrorCode::conflict, "run id taken");
  return "manual__1";
}

Result<void> FakeCommands::set_paused(std::string dag_id, bool paused) {
  return write([&](store::Session& session) -> Result<void> {
    session.execute("UPDATE dag SET is_paused = $1 WHERE dag_id = $2", {paused, dag_id});
    return {};
  });
}

Result<void> FakeCommands::change_asset(engine::ChangeAsset command) {
  changed_assets.push_back(command);
  return write([&](store::Session& session) -> Result<void> {
    session.execute(
        "INSERT INTO asset_event (asset_id, created_at, extra, partition_key) SELECT id, 9000000, "
        "CAST($3 AS TEXT), CAST($4 AS TEXT) FROM asset WHERE name = $1 AND uri = $2",
        {command.asset.name, command.asset.uri, command.extra, command.partition_key});
    return {};
  });
}

Result<void> FakeCommands::write(std::function<Result<void>(store::Session&)> work) {
  const auto session = database_.connect();
  store::Transaction transaction(*session);
  try {
    if (auto done = work(*session); !done) return done;
  } catch (const store::UniqueViolation&) {
    return fail(ErrorCode::conflict, "exists");
  }
  transaction.commit();
  return {};
}

ApiTest::ApiTest(Settings settings)
    : folder_(std::filesystem::temp_directory_path() / ("leoflow_api_" + random_hex(6))) {
  make_files();
  seed();
  ApiConfig config;
  config.ui_folder = folder_ / "ui";
  config.login_folder = folder_ / "login";
  config.docs_folder = folder_ / "docs";
  config.logs_folder = folder_ / "logs";
  config.settings = std::move(settings);
  config.edition = "lite";
  api_ = std::make_unique<Api>(config, *database_, commands_, tokens_, sealer_, clock_, around());
  token_ = tokens_.issue("admin", auth::Role::admin, now_, auth::Tokens::kUserLife);
}

Surroundings ApiTest::around() {
  return {.processes = [this] { return processes_; },
          .plugin_apps =
              [](const http::Request& request) {
                http::Response response;
                json::object sent;
                for (const auto& [name, value] : request.headers) sent[name] = value;
                response.body = json::serialize(sent);
                return response;
              }};
}

ApiTest::~ApiTest() {
  std::filesystem::remove_all(folder_);
}

void ApiTest::make_files() {
  const auto put = [&](const std::filesystem::path& name, std::string_view content) {
    std::filesystem::create_directories((folder_ / name).parent_path());
    write_file_atomically((folder_ / name).string(), content);
  };
  put("ui/index.html",
      "<base href=\"{{ backend_server_base_url }}\" /><link rel=\"modulepreload\" href=\"./assets/a.js\">");
  put("ui/assets/index-abc123.js", "console.log('" + std::string(2000, 'x') + "')");
  put("ui/assets/sql.wasm", "wasm");
  put("login/index.html", "<base href=\"{{ backend_server_base_url }}\" />login");
  put("docs/redoc.standalone.js", "redoc");
  put("secret.txt", "do not serve");
  put("logs/dag_id=hello/run_id=manual__1/task_id=extract/attempt=1.log",
      R"({"timestamp":"2026-01-01T00:00:00Z","event":"first line","level":"info"})"
      "\nnot json\n");
}

store::Backend ApiTest::backend() {
  const char* wanted = std::getenv("LEOFLOW_TEST_BACKEND");
  const bool postgres = wanted != nullptr && std::string_view(wanted) == "postgres";
  return postgres && store::TemporaryDatabase::available(store::Backend::postgres) ? store::Backend::postgres
                                                                                   : store::Backend::sqlite;
}

std::string ApiTest::detail_of(const http::Response& response) {
  return get_text(parse_json(response.content()).value_or(nullptr), "detail");
}

void ApiTest::sql(std::string_view text) {
  database_->connect()->execute_script(text);
}

void ApiTest::seed() {
  const auto session = database_->connect();
  auth::put_user(*session, {"admin", auth::hash_password("right"), auth::Role::admin}, now_);
  session->execute_script(fmt::format(
      "INSERT INTO dag (dag_id, bundle_name, bundle_path, relative_fileloc, dag_display_name, description, "
      "owners, "
      "timetable_type, timetable_summary, is_paused, is_stale, has_import_errors, "
      "has_task_concurrency_limits, "
      "max_active_tasks, max_active_runs, max_consecutive_failed_dag_runs, current_version_id, "
      "last_parsed_at) VALUES "
      "('hello', 'dags-folder', '/dags', 'hello.py', 'hello', NULL, 'airflow, ada', "
      "'airflow.timetables.trigger.CronTriggerTimetable', '0 6 * * *', 0, 0, 0, 0, 16, 16, 0, 'ver-1', 1), "
      "('other', 'dags-folder', '/dags', 'other.py', 'other', 'x', 'bob', "
      "'airflow.timetables.simple.NullTimetable', "
      "NULL, 1, 0, 0, 0, 16, 16, 0, 'ver-2', 1);"
      "INSERT INTO dag_tag VALUES ('hello', 'demo'), ('hello', 'aaa');"
      "INSERT INTO dag_version (id, dag_id, version_number, bundle_name, bundle_version, dag_hash, "
      "serialized, "
      "source, created_at, updated_at) VALUES ("
      "'ver-1', 'hello', 1, 'dags-folder', NULL, 'h', {}, 'print(1)', 1, 1), "
      "('ver-2', 'other', 1, 'dags-folder', NULL, 'h', '{{\"dag\":{{\"tasks\":[]}}}}', 'print(2)', 1, 1);",
      quoted(kSerialized)));
  session->execute_script(
      "INSERT INTO dag_run (dag_id, run_id, dag_version_id, state, run_type, triggered_by, logical_date, "
      "run_after, "
      "start_date, end_date, conf, note, updated_at) VALUES "
      "('hello', 'manual__1', 'ver-1', 'failed', 'manual', 'ui', 1000000, 1000000, 2000000, 5500000, "
      "'{\"a\": 1}', "
      "'look', 1), "
      "('hello', 'manual__2', 'ver-1', 'running', 'scheduled', 'timetable', 2000000, 2000000, 3000000, NULL, "
      "'{}', "
      "NULL, 1);"
      "UPDATE dag SET last_run = 2, latest_dated_run = 2 WHERE dag_id = 'hello';"
      "INSERT INTO task_instance (id, dag_id, run_id, task_id, map_index, state, try_number, max_tries, "
      "dag_version_id, task_display_name, operator, pool, pool_slots, queue, priority_weight, start_date, "
      "end_date, "
      "updated_at) VALUES "
      "('t1', 'hello', 'manual__1', 'extract', -1, 'success', 1, 2, 'ver-1', 'extract', "
      "'_PythonDecoratedOperator', "
      "'default_pool', 1, "
      "'default', 1, 2000000, 3000000, 1), "
      "('t2', 'hello', 'manual__1', 'work.left', -1, 'failed', 1, 0, 'ver-1', 'work.left', 'BashOperator', "
      "'default_pool', 1, 'default', 1, 3000000, 4000000, 1), "
      "('t3', 'hello', 'manual__1', 'work.right', 0, 'success', 1, 0, 'ver-1', 'work.right', 'BashOperator', "
      "'small', "
      "1, 'default', 1, 3000000, 5000000, 1), "
      "('t4', 'hello', 'manual__1', 'report', -1, 'upstream_failed', 0, 0, 'ver-1', 'report', "
      "'EmptyOperator', "
      "'default_pool', 1, 'default', 1, NULL, NULL, 1), "
      "('t5', 'hello', 'manual__2', 'extract', -1, 'running', 1, 2, 'ver-1', 'extract', "
      "'_PythonDecoratedOperator', "
      "'default_pool', 2, "
      "'default', 1, 3000000, NULL, 1), "
      "('t6', 'hello', 'manual__2', 'report', -1, NULL, 0, 0, 'ver-1', 'report', 'EmptyOperator', "
      "'default_pool', 1, "
      "'default', 1, NULL, NULL, 1);"
      "INSERT INTO xcom (dag_id, run_id, task_id, map_index, key, value, created_at) VALUES "
      "('hello', 'manual__1', 'extract', -1, 'return_value', '{\"rows\": 3}', 1);"
      "INSERT INTO rendered_fields VALUES ('hello', 'manual__1', 'extract', -1, '{\"op_args\": \"[]\"}');"
      "INSERT INTO import_error (bundle_name, filename, stacktrace, created_at) VALUES ('dags-folder', "
      "'bad.py', "
      "'Traceback', 1);");
}

http::Response ApiTest::call(std::string_view method, std::string_view target, std::string body,
                             bool with_token) {
  http::Request request;
  request.method = method;
  http::parse_target(target, request);
  request.body = std::move(body);
  request.remote_address = "127.0.0.1";
  request.headers.emplace("host", "localhost:8088");
  if (!request.body.empty()) request.headers.emplace("content-type", "application/json");
  if (with_token) request.headers.emplace("authorization", "Bearer " + token_);
  return api_->handle(request);
}

json::value ApiTest::ok_json(std::string_view method, std::string_view target, const json::value& body,
                             int status) {
  const auto response = call(method, target, body.is_null() ? "" : json::serialize(body));
  EXPECT_EQ(response.status, status) << method << " " << target << "\n" << response.content();
  return parse_json(response.content()).value_or(nullptr);
}

}  // namespace leoflow::api
