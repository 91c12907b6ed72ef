#pragma once

#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"

namespace leoflow::kube {

/// A pod as people write it down: YAML or JSON, one document of kind Pod, whose first container is "base".
/// Errors: invalid, saying what is wrong and where.
Result<json::value> read_pod(std::string_view text);

/// The same from a file. Errors: also not_found. Each names the file.
Result<json::value> read_pod_file(const std::string& path);

}  // namespace leoflow::kube
