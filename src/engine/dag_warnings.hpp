#pragma once

#include <span>
#include <string>
#include <vector>

#include "store/database.hpp"

namespace leoflow::engine {

/// What is wrong with a DAG that works nevertheless.
struct DagWarning {
  std::string dag_id;
  std::string type;  ///< "asset conflict" or "runtime varying value"
  std::string message;
};

/// What parsing a file said of its DAGs takes the place of what it said before.
void write_parse_warnings(store::Session& session, std::span<const std::string> dag_ids,
                          std::span<const DagWarning> warnings, Time now);

/// All warnings of a type, in the place of those that there were. What stays keeps its time.
void replace_warnings(store::Session& session, const std::string& type, std::span<const DagWarning> warnings,
                      Time now);

}  // namespace leoflow::engine
