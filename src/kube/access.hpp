#pragma once

#include <string>

#include "base/result.hpp"

namespace leoflow::kube {

/// Where an API server is, and as whom it is asked.
struct Access {
  std::string server;  ///< "https://10.96.0.1:443"
  std::string ca;      ///< PEM
  std::string token;   ///< "" if there is a file of it, or a certificate
  std::string token_file;
  std::string certificate;  ///< PEM
  std::string key;          ///< PEM
  std::string name_space;   ///< of the pod or of the kubeconfig's context; "" if neither says
};

/// From `kubeconfig`, or, if that is "", as a pod's ServiceAccount.
/// Errors: not_found (no such file; not in a pod), invalid (naming what is missing), unsupported (a plugin
/// for credentials).
Result<Access> find_access(const std::string& kubeconfig);

/// Reads the text of a kubeconfig. @param folder that its relative paths are told from
Result<Access> read_kubeconfig(const std::string& text, const std::string& folder);

}  // namespace leoflow::kube
