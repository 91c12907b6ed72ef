#include <algorithm>
#include <fmt/core.h>

#include "api/core/dag_access.hpp"
#include "api/core/dag_list.hpp"
#include "api/core/dag_rows.hpp"
#include "api/core/state_filters.hpp"
#include "api/resources.hpp"

namespace leoflow::api {

namespace {

/// By the names of their classes, without the modules.
void filter_timetables(Call& call, Select& select, const std::vector<std::string>& names) {
  if (names.empty()) return;
  std::vector<std::string> paths;
  for (const store::Row row : call.query("SELECT DISTINCT timetable_type FROM dag")) {
    const std::string path = row.text(0);
    if (std::ranges::find(names, path.substr(path.rfind('.') + 1)) != names.end()) paths.push_back(path);
  }
  if (paths.empty()) select.where("1 = 0");
  select.in("d.timetable_type", paths);
}

Result<Answer> get_dags(Call& call, const gen::GetDagsParams& params) {
  Select select(kDagColumns, kDagTables);
  filter_dags(select, params, call);
  filter_timetables(call, select, params.timetable_type);
  if (auto fine = check_run_states(params.dag_run_state); !fine) return std::unexpected(fine.error());
  select.in("l.state", params.dag_run_state, "none");
  select.range("l.start_date", LEOFLOW_RANGE(params, dag_run_start_date));
  select.range("l.end_date", LEOFLOW_RANGE(params, dag_run_end_date));
  const auto page = read_page(call.db(), dag_list(), select, params.order_by, {params.limit, params.offset});
  if (!page) return std::unexpected(page.error());
  gen::DAGCollectionResponse list;
  page->describe(list);
  page->each([&](store::Row row) { fill_dag(row, list.dags.emplace_back()); });
  add_tags(call.db(), list.dags);
  return ok(list);
}

Result<Answer> get_dag(Call& call, const gen::GetDagParams& params) {
  const auto dag = read_dag(call.db(), params.dag_id);
  if (!dag) return std::unexpected(dag.error());
  return ok(*dag);
}

Result<void> set_paused(Call& call, const std::string& dag_id, bool paused) {
  if (auto done = call.api.commands.set_paused(dag_id, paused); !done) return done;
  return {};
}

Result<void> check_mask(const std::optional<std::vector<std::string>>& mask) {
  if (mask && *mask != std::vector<std::string>{"is_paused"}) {
    return fail(ErrorCode::invalid, "Only `is_paused` field can be updated through the REST API");
  }
  return {};
}

Result<Answer> patch_dag(Call& call, const gen::PatchDagParams& params, gen::DAGPatchBody& body) {
  if (auto known = require_dag(call.db(), params.dag_id); !known) {
    return fail(ErrorCode::not_found, fmt::format("Dag with id: {} was not found", params.dag_id));
  }
  if (auto good = check_mask(params.update_mask); !good) return std::unexpected(good.error());
  if (auto done = set_paused(call, params.dag_id, body.is_paused); !done)
    return std::unexpected(done.error());
  const auto dag = read_dag(call.db(), params.dag_id);
  if (!dag) return std::unexpected(dag.error());
  return ok(*dag);
}

Result<Answer> patch_dags(Call& call, const gen::PatchDagsParams& params, gen::DAGPatchBody& body) {
  if (auto good = check_mask(params.update_mask); !good) return std::unexpected(good.error());
  // Without a pattern nothing is changed; "~" is everything.
  if (!params.dag_id_pattern && !params.dag_id_prefix_pattern) return ok(gen::DAGCollectionResponse{});
  Select select(kDagColumns, kDagTables);
  select.pattern("d.dag_id", params.dag_id_pattern).prefix("d.dag_id", params.dag_id_prefix_pattern);
  select.in("d.owners", params.owners);
  only_given(select, call, "d.dag_id", dag::Access::edit);
  if (params.exclude_stale) select.where("d.is_stale = 0");
  if (params.paused) select.where("d.is_paused = ?", {*params.paused});
  gen::DAGCollectionResponse list;
  list.total_entries = select.count(call.db());
  for (const store::Row row :
       select.order_sql("d.dag_id").page(params.limit, params.offset).rows(call.db())) {
    gen::DAGResponse& dag = list.dags.emplace_back();
    fill_dag(row, dag);
    if (auto done = set_paused(call, dag.dag_id, body.is_paused); !done) return std::unexpected(done.error());
    dag.is_paused = body.is_paused;
  }
  add_tags(call.db(), list.dags);
  return ok(list);
}

Result<Answer> delete_dag(Call& call, const gen::DeleteDagParams& params) {
  if (!read_dag(call.db(), params.dag_id)) {
    return fail(ErrorCode::not_found, fmt::format("Dag with id: {} was not found", params.dag_id));
  }
  if (auto done = call.api.commands.delete_dag(params.dag_id); !done) return std::unexpected(done.error());
  Answer answer = no_content();
  answer.content_type.clear();
  return answer;
}

Result<Answer> set_favorite(Call& call, const std::string& dag_id, std::string_view sql) {
  if (!read_dag(call.db(), dag_id)) {
    return fail(ErrorCode::not_found, fmt::format("Dag with id '{}' not found", dag_id));
  }
  auto done = call.api.commands.write([&](store::Session& session) -> Result<void> {
    session.execute(sql, {call.user.subject, dag_id});
    return {};
  });
  if (!done) return std::unexpected(done.error());
  return no_content();
}

Result<Answer> favorite_dag(Call& call, const gen::FavoriteDagParams& params) {
  return set_favorite(call, params.dag_id,
                      "INSERT INTO dag_favorite (username, dag_id) VALUES ($1, $2) ON CONFLICT DO NOTHING");
}

Result<Answer> unfavorite_dag(Call& call, const gen::UnfavoriteDagParams& params) {
  return set_favorite(call, params.dag_id, "DELETE FROM dag_favorite WHERE username = $1 AND dag_id = $2");
}

Result<Answer> get_dag_tags(Call& call, const gen::GetDagTagsParams& params) {
  Select select("name", "(SELECT DISTINCT name FROM dag_tag) t");
  if (const auto readable = given_ids(call, dag::Access::read)) {
    select.where_list(
        fmt::format("name IN (SELECT x.name FROM dag_tag x WHERE x.dag_id IN ({}))", readable->sql),
        readable->params);
  }
  select.pattern("name", params.tag_name_pattern).prefix("name", params.tag_name_prefix_pattern);
  static constexpr OrderKey kDagOrder[] = {{"name", "name"}};
  if (auto ordered = select.order(params.order_by, kDagOrder, "name"); !ordered)
    return std::unexpected(ordered.error());
  gen::DAGTagCollectionResponse list;
  list.total_entries = select.count(call.db());
  for (const store::Row row : select.page(params.limit, params.offset).rows(call.db())) {
    list.tags.push_back(row.text(0));
  }
  return ok(list);
}

Result<Answer> reparse_dag_file(Call& call, const gen::ReparseDagFileParams& params) {
  const auto file = read_file_token(params.file_token);
  if (!file) return fail(ErrorCode::not_found, "File not found");
  const auto rows = call.query("SELECT dag_id FROM dag WHERE bundle_name = $1 AND relative_fileloc = $2",
                               {file->first, file->second});
  if (rows.empty()) return fail(ErrorCode::not_found, "File not found");
  for (const store::Row row : rows) {
    if (!may(call, row.text(0), dag::Access::edit)) return fail(ErrorCode::forbidden, "Forbidden");
  }
  if (auto done = call.api.commands.reparse(rows[0].text(0)); !done) return std::unexpected(done.error());
  Answer answer;
  answer.status = 201;
  answer.body = "null";
  return answer;
}

Result<Answer> list_dag_warnings(Call& call, const gen::ListDagWarningsParams& params) {
  Select select("w.dag_id, w.warning_type, w.message, w.created_at, COALESCE(d.dag_display_name, w.dag_id)",
                "dag_warning w LEFT JOIN dag d ON d.dag_id = w.dag_id");
  select.equals("w.dag_id", params.dag_id).equals("w.warning_type", params.warning_type);
  only_readable(select, call, "w.dag_id");
  static constexpr OrderKey kDagOrder[] = {{"dag_id", "w.dag_id"},
                                           {"warning_type", "w.warning_type"},
                                           {"message", "w.message"},
                                           {"timestamp", "w.created_at"}};
  if (auto ordered = select.order(params.order_by, kDagOrder, "w.dag_id"); !ordered) {
    return std::unexpected(ordered.error());
  }
  gen::DAGWarningCollectionResponse list;
  list.total_entries = select.count(call.db());
  for (const store::Row row : select.page(params.limit, params.offset).rows(call.db())) {
    auto& warning = list.dag_warnings.emplace_back();
    store::Reader(row) >> warning.dag_id >> warning.warning_type >> warning.message >> warning.timestamp >>
        warning.dag_display_name;
  }
  return ok(list);
}

Result<Answer> get_dag_stats(Call& call, const gen::GetDagStatsParams& params) {
  Select select("d.dag_id, d.dag_display_name", "dag d");
  select.in("d.dag_id", params.dag_ids).where("EXISTS (SELECT 1 FROM dag_run r WHERE r.dag_id = d.dag_id)");
  only_readable(select, call, "d.dag_id");
  gen::DagStatsCollectionResponse list;
  std::map<std::string, std::size_t, std::less<>> place;
  for (const store::Row row : select.order_sql("d.dag_id").rows(call.db())) {
    auto& dag = list.dags.emplace_back();
    dag.dag_id = row.text(0);
    dag.dag_display_name = row.text(1);
    for (const char* state : {"queued", "running", "success", "failed"})
      dag.stats.emplace_back().state = state;
    place[dag.dag_id] = list.dags.size() - 1;
  }
  for (const store::Row row :
       call.query("SELECT dag_id, state, COUNT(*) FROM dag_run GROUP BY dag_id, state")) {
    const auto found = place.find(row.text(0));
    if (found == place.end()) continue;
    for (auto& count : list.dags[found->second].stats) {
      if (count.state == row.text(1)) count.count = row.integer(2);
    }
  }
  list.total_entries = static_cast<std::int64_t>(list.dags.size());
  return ok(list);
}

}  // namespace

void bind_dags(Registry& registry) {
  registry.bind<op::get_dags>(get_dags);
  registry.bind<op::get_dag>(get_dag);
  registry.bind<op::patch_dag>(patch_dag);
  registry.bind<op::patch_dags>(patch_dags);
  registry.bind<op::delete_dag>(delete_dag);
  registry.bind<op::favorite_dag>(favorite_dag);
  registry.bind<op::unfavorite_dag>(unfavorite_dag);
  registry.bind<op::get_dag_tags>(get_dag_tags);
  registry.bind<op::reparse_dag_file>(reparse_dag_file);
  registry.bind<op::list_dag_warnings>(list_dag_warnings);
  registry.bind<op::get_dag_stats>(get_dag_stats);
}

}  // namespace leoflow::api
