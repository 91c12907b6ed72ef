#include <fmt/core.h>

#include "api/core/asset_expressions.hpp"
#include "api/core/dag_rows.hpp"
#include "api/core/python_text.hpp"
#include "api/resources.hpp"

namespace leoflow::api {

namespace {

// ISO 8601, as pydantic writes a timedelta: "PT1H30M", "P1DT5S".
std::string iso_duration(double total) {
  const bool negative = total < 0;
  auto micros = static_cast<std::int64_t>((negative ? -total : total) * 1e6 + 0.5);
  const std::int64_t days = micros / 86'400'000'000;
  micros %= 86'400'000'000;
  const std::int64_t hours = micros / 3'600'000'000;
  const std::int64_t minutes = micros / 60'000'000 % 60;
  const std::int64_t seconds = micros / 1'000'000 % 60;
  micros %= 1'000'000;
  std::string text = negative ? "-P" : "P";
  if (days != 0) text += fmt::format("{}D", days);
  std::string time;
  if (hours != 0) time += fmt::format("{}H", hours);
  if (minutes != 0) time += fmt::format("{}M", minutes);
  if (micros != 0) {
    time += fmt::format("{}.{:06}S", seconds, micros);
  } else if (seconds != 0 || (days == 0 && time.empty())) {
    time += fmt::format("{}S", seconds);
  }
  return time.empty() ? text : text + "T" + time;
}

std::optional<std::vector<std::string>> text_list(const json::value& list) {
  if (!list.is_array()) return std::nullopt;
  std::vector<std::string> texts;
  for (const json::value& item : list.get_array()) {
    if (item.is_string()) texts.emplace_back(item.get_string());
  }
  return texts;
}

json::value plain_field(const json::value& dag, std::string_view name) {
  const json::value* value = find(dag, name);
  return value == nullptr ? json::value() : plain(*value);
}

/// The same document with each duration as a text.
json::value with_iso_durations(const json::value& encoded) {
  if (encoded.is_array()) {
    json::array out;
    for (const json::value& item : encoded.get_array()) out.push_back(with_iso_durations(item));
    return out;
  }
  if (!encoded.is_object()) return encoded;
  const json::value* seconds = find(encoded, "__var");
  if (get_text(encoded, "__type") == "timedelta" && seconds != nullptr && seconds->is_number())
    return json::string(iso_duration(seconds->to_number<double>()));
  json::object out;
  for (const auto& [name, value] : encoded.get_object()) out[name] = with_iso_durations(value);
  return out;
}

void fill_from_document(const json::value& dag, gen::DAGDetailsResponse& details) {
  details.catchup = get_bool(dag, "catchup", false);
  if (const json::value* limit = find(dag, "dagrun_timeout")) {
    const json::value seconds = plain(*limit);
    if (seconds.is_double()) details.dag_run_timeout = iso_duration(seconds.get_double());
    if (seconds.is_int64()) details.dag_run_timeout = iso_duration(static_cast<double>(seconds.get_int64()));
  }
  if (const auto text = find_text(dag, "doc_md")) details.doc_md = clean_doc(*text);
  details.start_date = dag::find_date(dag, "start_date");
  details.end_date = dag::find_date(dag, "end_date");
  if (const json::value* flag = find(dag, "is_paused_upon_creation"); flag != nullptr && flag->is_bool()) {
    details.is_paused_upon_creation = flag->get_bool();
  }
  const json::value* params = find(dag, "params");
  details.params = params == nullptr ? json::value(json::object()) : plain_params(*params);
  details.render_template_as_native_obj = get_bool(dag, "render_template_as_native_obj", false);
  details.template_search_path = text_list(plain_field(dag, "template_searchpath"));
  details.timezone = get_text(dag, "timezone", "UTC");
  const json::value* defaults = find(dag, "default_args");
  details.default_args = defaults == nullptr ? json::object() : plain(with_iso_durations(*defaults));
  if (const json::value* flag = find(dag, "rerun_with_latest_version"); flag != nullptr && flag->is_bool()) {
    details.rerun_with_latest_version = flag->get_bool();
  }
  details.owner_links = plain_field(dag, "owner_links");
  if (details.owner_links.is_null()) details.owner_links = json::object();
}

Result<Answer> get_dag_details(Call& call, const gen::GetDagDetailsParams& params) {
  const auto dag = read_dag(call.db(), params.dag_id);
  if (!dag) return std::unexpected(dag.error());
  gen::DAGDetailsResponse details;
  copy_dag(*dag, details);
  details.last_parsed = dag->last_parsed_time;
  details.concurrency = dag->max_active_tasks;
  const auto view = call.api.dags.current(call.db(), params.dag_id);
  if (view) fill_from_document(view->dag(), details);
  details.asset_expression = asset_expression_of(call, params.dag_id);
  const auto versions = call.db().query(
      fmt::format(
          "SELECT {} FROM dag d JOIN dag_version v ON v.id = d.current_version_id WHERE d.dag_id = $1",
          kVersionColumns),
      {params.dag_id});
  if (!versions.empty()) details.latest_dag_version = version_from(versions[0]);
  const auto counts = call.query(
      "SELECT (SELECT COUNT(*) FROM dag_run WHERE dag_id = $1 AND state = 'running'), "
      "(SELECT COUNT(*) FROM dag_favorite WHERE dag_id = $1 AND username = $2)",
      {params.dag_id, call.user.subject});
  details.active_runs_count = counts[0].integer(0);
  details.is_favorite = counts[0].integer(1) > 0;
  return ok(details);
}

}  // namespace

void bind_dag_details(Registry& registry) {
  registry.bind<op::get_dag_details>(get_dag_details);
}

}  // namespace leoflow::api
