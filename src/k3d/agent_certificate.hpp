#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace leoflow::k3d {

/// A certificate that agents are shown and trust by itself, and its key. PEM files.
struct AgentCertificate {
  std::filesystem::path certificate;
  std::filesystem::path key;  ///< for its owner only
};

/// The one in `folder`, made new if there is none, it ends within a month or lacks one of the names.
/// @param names  "DNS:localhost" and "IP:127.0.0.1", as openssl writes them
/// Errors: unavailable (OpenSSL refuses). Throws Fatal if the files cannot be written.
Result<AgentCertificate> keep_agent_certificate(const std::filesystem::path& folder,
                                                const std::vector<std::string>& names, Time now);

}  // namespace leoflow::k3d
