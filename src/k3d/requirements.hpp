#pragma once

#include <string>
#include <vector>

namespace leoflow::k3d {

/// A program that a cluster on this machine takes.
struct Requirement {
  std::string name;
  bool is_there = false;
  std::string version;                ///< what it says of itself, one line; "" if it is not there
  std::string problem;                ///< why it is of no use; "" if it is
  std::vector<std::string> packages;  ///< of Debian, that bring it; none: they do not
  std::string advice;                 ///< how else to get it
  bool is_optional = false;
};

/// Looks for Docker (and its daemon), k3d, python3 and kubectl, in this order.
std::vector<Requirement> look_for_requirements();

/// Whether this machine installs packages of Debian, and this process may.
bool can_install_packages();

}  // namespace leoflow::k3d
