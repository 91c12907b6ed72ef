#pragma once

#include <string>

#include "base/text.hpp"

namespace leoflow::objects {

/// Percent-encodes what is between the slashes, as signatures are of it.
inline std::string encoded_path(const std::string& path) {
  std::string out;
  for (const std::string& part : split(path, '/')) out += (out.empty() ? "" : "/") + url_encode(part);
  return out;
}

}  // namespace leoflow::objects
