#pragma once

#include <functional>
#include <string>

#include "base/json.hpp"

namespace YAML {
class Node;
}

namespace leoflow::lite {

/// Told of what is wrong: the line, counted from 1, and what.
using OnProblem = std::function<void(int, std::string)>;

/// Reads `resources` of a leoflow.yaml: requests and limits, or cpu and memory for both.
/// @returns a pod as far as they say; null if they say nothing
json::value read_resources(const YAML::Node& node, const std::string& name, const OnProblem& problem);

/// Reads `execution` of a leoflow.yaml: where a task's pod runs, and as whom. Likewise.
json::value read_execution(const YAML::Node& node, const std::string& name, const OnProblem& problem);

}  // namespace leoflow::lite
