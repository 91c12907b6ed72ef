#include "lite/starter.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

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

}  // namespace

bool write_project(const std::filesystem::path& folder) {
  if (std::filesystem::exists(folder / "dag.py")) return false;
  std::filesystem::create_directories(folder);
  const std::string name = folder.filename().string();
  write_file_atomically((folder / "dag.py").string(), fmt::format(fmt::runtime(kDag), name));
  return true;
}

bool make_starter_project(const std::filesystem::path& workspace) {
  if (std::filesystem::exists(workspace) && !std::filesystem::is_empty(workspace)) return false;
  return write_project(workspace / "hello");
}

}  // namespace leoflow::lite
