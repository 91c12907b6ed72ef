#pragma once

#include "engine/engine.hpp"

/// For tests: a DAG "d" with one task, "t", and a run "r" of it that has begun.
namespace leoflow::fleet {

inline void run_one_task(engine::Engine& engine) {
  engine::ParsedFile file;
  file.bundle_name = "b";
  file.relative_fileloc = "d.py";
  file.serialized_dags.push_back(
      *parse_json(R"({"__version":3,"dag":{"dag_id":"d","is_paused_upon_creation":false,
    "timetable":{"__type":"airflow.timetables.simple.NullTimetable","__var":{}},
    "tasks":[{"__type":"operator","__var":{"task_id":"t"}}]}})"));
  engine.put_file(std::move(file), {});
  engine::TriggerRun command;
  command.dag_id = "d";
  command.run_id = "r";
  engine.trigger_run(command).value();
}

}  // namespace leoflow::fleet
