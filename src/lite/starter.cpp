#include "lite/starter.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "lite/project_file.hpp"

namespace leoflow::lite {
namespace {

constexpr const char* kDag = R"PY("""A first DAG: two tasks that talk to each other."""

from datetime import datetime

from airflow.sdk import dag, task


@dag(dag_id="{}", schedule=None, start_date=datetime(2026, 1, 1), tags=["starter"])
def pipeline():
    @task
    def extract() -> list[int]:
        return [1, 2, 3]

    @task
    def load(numbers: list[int]) -> None:
        print(f"the sum is {{sum(numbers)}}")

    load(extract())


pipeline()
)PY";

constexpr const char* kProjectFile =
    R"YAML(# What this project adds to the DAG of dag.py. Every key may be left out;
# `leoflow validate` checks it, docs/leoflow.schema.json describes it.
#
# dag_id: name                  # the id that the DAG must have
# description: What it is for
# owner: me                     # of every task
# tags: [starter]               # instead of the DAG's own
# exclude_paths: [notebooks/]   # neither parsed nor in the image
# dependencies: [pandas]        # of the image that `leoflow build` makes; also system_packages
# registry: {url: registry.example/team}   # where `leoflow deploy` pushes it
# defaults:                     # for tasks that leave it at Airflow's default
#   retries: 2
#   retry_delay_seconds: 60
# tasks:                        # instead of what dag.py says
#   load:
#     retries: 5
)YAML";

}  // namespace

bool write_project(const std::filesystem::path& folder) {
  if (std::filesystem::exists(folder / "dag.py")) return false;
  std::filesystem::create_directories(folder);
  const std::string name = folder.filename().string();
  write_file_atomically((folder / "dag.py").string(), fmt::format(fmt::runtime(kDag), name));
  if (!std::filesystem::exists(folder / kProjectFileName)) {
    write_file_atomically((folder / kProjectFileName).string(), kProjectFile);
  }
  return true;
}

bool make_starter_project(const std::filesystem::path& workspace) {
  if (std::filesystem::exists(workspace) && !std::filesystem::is_empty(workspace)) return false;
  return write_project(workspace / "hello");
}

}  // namespace leoflow::lite
