#include "engine/human_input.hpp"

#include "engine/deferrals.hpp"
#include "engine/engine.hpp"
#include "engine/task_key.hpp"

// Source of the event's form: Airflow 3.3.2, HITLDetail.as_resume_event_payload,
// check_awaiting_input_timeouts.
namespace leoflow::engine {
namespace {

using scheduler::TaskRef;

constexpr std::string_view kOfTry =
    " WHERE dag_id = $1 AND run_id = $2 AND task_id = $3 AND map_index = $4 AND try_number = $5";

store::Params try_key_of(const TaskRef& ref) {
  return key_and(ref, int{ref.ti().try_number});
}

json::value parsed(const std::optional<std::string>& text) {
  return text ? parse_json(*text).value_or(nullptr) : json::value();
}

/// What the form of `params` holds if nobody touches it.
json::object untouched(const json::value& params) {
  json::object out;
  if (!params.is_object()) return out;
  for (const auto& [name, param] : params.get_object()) {
    const json::value* value = find(param, "value");
    out[name] = value == nullptr ? param : *value;
  }
  return out;
}

json::object no_answer() {
  return {{"error", "The Human-in-the-loop response timeout has passed without a response."},
          {"error_type", "timeout"}};
}

json::object event_of(const json::value& chosen, const json::value& input, Time at, json::value user,
                      bool timed_out) {
  return {{"chosen_options", chosen},
          {"params_input", input},
          {"responded_at", dag::encode_moment(at, "datetime.datetime")},
          {"responded_by_user", std::move(user)},
          {"timedout", timed_out}};
}

json::object event_for(store::Session& session, const TaskRef& ref, Time now) {
  const store::Rows rows = session.query(
      "SELECT responded_at, chosen_options, params_input, responded_by_user_id, responded_by_user_name, "
      "defaults,"
      " params FROM hitl_detail" +
          std::string(kOfTry),
      try_key_of(ref));
  if (rows.empty()) return no_answer();
  const store::Row row = rows[0];
  if (const auto at = row.find_time(0)) {
    json::value user;
    if (const auto id = row.find_text(3)) {
      user = json::object{{"id", *id}, {"name", row.find_text(4).value_or(*id)}};
    }
    return event_of(parsed(row.find_text(1)), parsed(row.text(2)), *at, std::move(user), false);
  }
  const json::value defaults = parsed(row.find_text(5));
  if (defaults.is_null()) return no_answer();
  const json::object input = untouched(parsed(row.text(6)));
  store::Params params = try_key_of(ref);
  params.insert(params.end(), {now, json::serialize(defaults), json::serialize(input)});
  session.execute("UPDATE hitl_detail SET responded_at = $6, chosen_options = $7, params_input = $8" +
                      std::string(kOfTry),
                  params);
  return event_of(defaults, input, now, nullptr, true);
}

}  // namespace

bool is_answered(store::Session& session, const TaskRef& ref) {
  return !session
              .query("SELECT 1 FROM hitl_detail" + std::string(kOfTry) + " AND responded_at IS NOT NULL",
                     try_key_of(ref))
              .empty();
}

void write_answer(store::Session& session, const TaskRef& ref, Time now) {
  json::value kwargs = parse_json(read_next_step(session, ref).kwargs).value_or(json::object());
  if (!kwargs.is_object()) kwargs = json::object();
  kwargs.get_object()["event"] = event_for(session, ref, now);
  write_next_step(session, ref, "", json::serialize(kwargs));
}

std::vector<std::pair<std::string, TaskKey>> answered_inputs(store::Session& session) {
  std::vector<std::pair<std::string, TaskKey>> out;
  for (const store::Row row : session.query(
           "SELECT t.dag_id, t.run_id, t.task_id, t.map_index FROM task_instance t JOIN hitl_detail h"
           " ON h.dag_id = t.dag_id AND h.run_id = t.run_id AND h.task_id = t.task_id"
           " AND h.map_index = t.map_index AND h.try_number = t.try_number"
           " WHERE t.state = 'awaiting_input' AND h.responded_at IS NOT NULL")) {
    out.emplace_back(row.text(0), TaskKey{row.text(1), row.text(2), static_cast<int>(row.integer(3))});
  }
  return out;
}

void Engine::go_on_if_answered(std::string dag_id, TaskKey task) {
  const auto answered = std::make_shared<std::optional<scheduler::TaskRef>>();
  Item item;
  item.decide = [dag_id = std::move(dag_id), task = std::move(task), answered](Deciding& d) {
    scheduler::Run* run = d.scheduler.find_run(dag_id, task.run_id);
    const auto* ti = run == nullptr ? nullptr : run->find(task.task_id, task.map_index);
    if (ti == nullptr || ti->state != dag::TaskState::awaiting_input) return;
    const scheduler::TaskRef ref = run->ref_to(*ti);
    if (!is_answered(d.session, ref)) return;
    *answered = ref;
    d.scheduler.trigger_fired(ti->id, d.now);
  };
  item.record = [this, answered](store::Session& session) {
    if (*answered) write_answer(session, **answered, pass_time_);
  };
  post(std::move(item));
}

Result<void> Engine::answer_input(AnswerInput answer) {
  auto written = write([answer](store::Session& session) -> Result<void> {
    const std::int64_t changed = session.execute(
        "UPDATE hitl_detail SET responded_at = $6, chosen_options = $7, params_input = $8,"
        " responded_by_user_id = $9, responded_by_user_name = $10" +
            std::string(kOfTry) + " AND responded_at IS NULL",
        {answer.dag_id, answer.task.run_id, answer.task.task_id, answer.task.map_index, answer.try_number,
         answer.at, json::serialize(answer.chosen_options), json::serialize(answer.params_input),
         answer.user_id, answer.user_name});
    if (changed == 0) return fail(ErrorCode::conflict, "the question has been answered already");
    return {};
  });
  if (written) go_on_if_answered(answer.dag_id, answer.task);
  return written;
}

}  // namespace leoflow::engine
