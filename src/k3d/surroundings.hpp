#pragma once

#include <string>

#include "base/result.hpp"
#include "kube/access.hpp"

namespace leoflow::k3d {

/// What pods of a server outside the cluster find in it.
struct Surroundings {
  std::string name_space;     ///< where they run
  std::string ca_config_map;  ///< has `ca.crt`
  std::string ca;             ///< PEM: who signs what agents are shown
};

/// Makes what is not there, and puts the certificate in its place.
/// Errors: unavailable (the API server does not answer, or refuses; with its words).
Result<void> keep_surroundings(const kube::Access& access, const Surroundings& wanted);

}  // namespace leoflow::k3d
