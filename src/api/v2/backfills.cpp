#include <algorithm>
#include <fmt/format.h>

#include "api/core/dag_access.hpp"
#include "api/core/dag_rows.hpp"
#include "api/core/rerun_version.hpp"
#include "api/resources.hpp"

// Runs for a range of dates that somebody asks for.
namespace leoflow::api {

namespace {

constexpr std::string_view kBackfillColumns =
    "b.id, b.dag_id, b.from_date, b.to_date, b.dag_run_conf, b.is_paused, b.reprocess_behavior, "
    "b.max_active_runs,"
    " b.created_at, b.completed_at, b.updated_at, d.dag_display_name";
constexpr std::string_view kBackfillTables = "backfill b JOIN dag d ON d.dag_id = b.dag_id";
constexpr OrderKey kBackfillOrder[] = {{"id", "b.id"}};

gen::BackfillResponse backfill_from(store::Row row) {
  gen::BackfillResponse backfill;
  std::optional<std::string> conf;
  store::Reader in(row);
  in >> backfill.id >> backfill.dag_id >> backfill.from_date >> backfill.to_date >> conf >>
      backfill.is_paused;
  in >> backfill.reprocess_behavior >> backfill.max_active_runs >> backfill.created_at >>
      backfill.completed_at;
  in >> backfill.updated_at >> backfill.dag_display_name;
  if (conf) backfill.dag_run_conf = parse_json(*conf).value_or(nullptr);
  return backfill;
}

Result<gen::BackfillResponse> read_backfill(Call& call, std::int64_t id) {
  Select select(kBackfillColumns, kBackfillTables);
  select.where("b.id = ?", {id});
  only_readable(select, call, "b.dag_id");
  const auto rows = select.rows(call.db());
  if (rows.empty()) return fail(ErrorCode::not_found, "Backfill not found");
  return backfill_from(rows[0]);
}

Result<Answer> answer_with_backfill(Call& call, std::int64_t id) {
  const auto backfill = read_backfill(call, id);
  if (!backfill) return std::unexpected(backfill.error());
  return ok(*backfill);
}

template <typename Params>
Result<Answer> list(Call& call, Select& select, const Params& params) {
  if (auto ordered = select.order(params.order_by, kBackfillOrder, "b.id"); !ordered) {
    return std::unexpected(ordered.error());
  }
  only_readable(select, call, "b.dag_id");
  gen::BackfillCollectionResponse answer;
  answer.total_entries = select.count(call.db());
  for (const store::Row row : select.page(params.limit, params.offset).rows(call.db())) {
    answer.backfills.push_back(backfill_from(row));
  }
  return ok(answer);
}

Result<Answer> list_backfills(Call& call, const gen::ListBackfillsParams& params) {
  Select select(kBackfillColumns, kBackfillTables);
  select.where("b.dag_id = ?", {params.dag_id});
  return list(call, select, params);
}

Result<Answer> list_backfills_ui(Call& call, const gen::ListBackfillsUiParams& params) {
  Select select(kBackfillColumns, kBackfillTables);
  if (params.dag_id) select.where("b.dag_id = ?", {*params.dag_id});
  if (params.active) select.where(*params.active ? "b.completed_at IS NULL" : "b.completed_at IS NOT NULL");
  return list(call, select, params);
}

Result<Answer> get_backfill(Call& call, const gen::GetBackfillParams& params) {
  return answer_with_backfill(call, params.backfill_id);
}

engine::CreateBackfill command_of(Call& call, const gen::BackfillPostBody& body) {
  engine::CreateBackfill command;
  command.dag_id = body.dag_id;
  command.from_date = body.from_date;
  command.to_date = body.to_date;
  command.run_backwards = body.run_backwards;
  command.reprocess_behavior = body.reprocess_behavior;
  command.max_active_runs = static_cast<int>(std::clamp<std::int64_t>(body.max_active_runs, 0, 1'000'000));
  if (body.dag_run_conf.is_object()) command.conf = body.dag_run_conf.get_object();
  command.user = call.user.subject;
  command.on_latest_version = reruns_on_latest(call, body.dag_id, body.run_on_latest_version, true);
  return command;
}

Result<Answer> create_backfill(Call& call, const gen::CreateBackfillParams&, gen::BackfillPostBody& body) {
  const auto id = call.api.commands.create_backfill(command_of(call, body));
  if (!id) return std::unexpected(id.error());
  return answer_with_backfill(call, *id);
}

Result<Answer> plan_backfill(Call& call, const gen::CreateBackfillDryRunParams&,
                             gen::BackfillPostBody& body) {
  const auto dates = call.api.commands.plan_backfill(command_of(call, body));
  if (!dates) return std::unexpected(dates.error());
  gen::DryRunBackfillCollectionResponse answer;
  for (const dag::RunInfo& run : *dates) {
    auto& planned = answer.backfills.emplace_back();
    planned.logical_date = run.logical_date();
    planned.partition_key = run.partition_key;
    planned.partition_date = run.partition_date;
  }
  answer.total_entries = static_cast<std::int64_t>(dates->size());
  return ok(answer);
}

template <typename Op>
void bind_change(Registry& registry, engine::BackfillChange change) {
  registry.bind<Op>([change](Call& call, const typename Op::Params& params) -> Result<Answer> {
    const auto known = read_backfill(call, params.backfill_id);
    if (!known) return std::unexpected(known.error());
    if (!may(call, known->dag_id, dag::Access::edit)) return fail(ErrorCode::forbidden, "Forbidden");
    if (auto done = call.api.commands.change_backfill(params.backfill_id, change); !done) {
      return std::unexpected(done.error());
    }
    const auto backfill = read_backfill(call, params.backfill_id);
    if (!backfill) return std::unexpected(backfill.error());
    return ok(*backfill);
  });
}

}  // namespace

void bind_backfills(Registry& registry) {
  registry.bind<op::list_backfills>(list_backfills);
  registry.bind<op::list_backfills_ui>(list_backfills_ui);
  registry.bind<op::get_backfill>(get_backfill);
  registry.bind<op::create_backfill>(create_backfill);
  registry.bind<op::create_backfill_dry_run>(plan_backfill);
  bind_change<op::pause_backfill>(registry, engine::BackfillChange::pause);
  bind_change<op::unpause_backfill>(registry, engine::BackfillChange::unpause);
  bind_change<op::cancel_backfill>(registry, engine::BackfillChange::cancel);
}

}  // namespace leoflow::api
