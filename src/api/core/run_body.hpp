#pragma once

#include <optional>
#include <string_view>

#include "api/core/call.hpp"
#include "engine/run_ids.hpp"

/// What the bodies that ask for a new run have in common.
namespace leoflow::api {

/// The answer to a body that asks for an impossible run.
template <typename Body>
std::optional<Answer> refuse_run_body(const Body& body) {
  if (body.data_interval_start.has_value() != body.data_interval_end.has_value()) {
    wire::Problems problems;
    problems.add(wire::Location("body"), "value_error",
                 "Value error, Either both data_interval_start and data_interval_end must be provided or "
                 "both must be None",
                 nullptr);
    return unprocessable(problems);
  }
  if (body.dag_run_id) {
    if (const auto good = engine::check_run_id(*body.dag_run_id); !good) return refusal(good.error());
  }
  return std::nullopt;
}

template <typename Body>
engine::TriggerRun run_command(const Call& call, std::string dag_id, const Body& body) {
  engine::TriggerRun command;
  command.dag_id = std::move(dag_id);
  // As in Airflow, an empty id is none, and so is an empty note.
  if (body.dag_run_id && !body.dag_run_id->empty()) command.run_id = body.dag_run_id;
  if (body.note && !body.note->empty()) command.note = body.note;
  command.logical_date = body.logical_date;
  command.data_interval_start = body.data_interval_start;
  command.data_interval_end = body.data_interval_end;
  command.run_after = body.run_after;
  if (body.conf.is_object()) command.conf = body.conf.get_object();
  command.partition_key = body.partition_key;
  command.user = call.user.subject;
  return command;
}

/// Makes the run and answers with it.
Result<Answer> create_run(Call& call, engine::TriggerRun command);

}  // namespace leoflow::api
