#pragma once

#include <string>

namespace leoflow::cli {

struct DagTest {
  std::string dag;           ///< a DAG file, a project's folder, or the id of a DAG in the workspace
  std::string conf;          ///< JSON object
  std::string logical_date;  ///< ISO 8601; "" for now
};

/// Runs a DAG once with Airflow's own `dag.test()`: this process becomes that
/// Python, so that terminal, signals and exit code are its own. Returns never.
[[noreturn]] void test_dag(const DagTest& test);

}  // namespace leoflow::cli
