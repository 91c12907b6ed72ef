#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "k3d/cluster.hpp"
#include "k3d/requirements.hpp"

namespace leoflow::k3d {

/// Something to be done, told before it is.
struct Step {
  std::string what;  ///< "make the cluster 'leoflow-dev' with k3d"
  /// May be taken again. Errors: unavailable, not_found.
  std::function<Result<void>(const Lines&)> take;
};

/// What a machine lacks for a cluster with our task image beside it.
struct Plan {
  std::vector<Requirement> requirements;
  std::vector<Step> steps;
  /// What people have to do first, a sentence each. While there are any, the steps cannot be taken.
  std::vector<std::string> obstacles;
};

/// @param task_image  that projects' images start from: "leoflow/task:1.0-py3.11"
Plan plan_cluster(const Cluster& cluster, const std::string& task_image);

/// "leoflow/task:VERSION-py3.11". @param python  "3.11"
std::string task_image_of(const std::string& python);

/// Takes the steps one after the other. @param on_step told each before it is taken
/// Errors: that of the first step that failed, which it names.
Result<void> take(const std::vector<Step>& steps, const Lines& on_step, const Lines& on_line);

}  // namespace leoflow::k3d
