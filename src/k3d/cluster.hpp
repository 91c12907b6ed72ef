#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "kube/access.hpp"

namespace leoflow::k3d {

using Lines = std::function<void(std::string_view)>;  ///< told what a program says, a line each

/// A cluster of k3d's, by its name. Each call runs the program k3d. Errors: not_found (no such program),
/// unavailable (it failed, with what it said).
class Cluster {
 public:
  explicit Cluster(std::string name) : name_(std::move(name)) {}

  const std::string& name() const { return name_; }

  Result<bool> exists() const;
  /// One node, without a load balancer and an ingress: nothing of it is reached from outside.
  Result<void> create(const Lines& on_line) const;
  Result<void> remove(const Lines& on_line) const;
  /// Brings an image of the machine's Docker to the nodes.
  Result<void> import_image(const std::string& image, const Lines& on_line) const;
  /// As its admin.
  Result<kube::Access> access() const;
  /// The kubeconfig that tells it. Holds a key.
  Result<std::string> kubeconfig() const;

 private:
  std::string name_;
};

}  // namespace leoflow::k3d
