#pragma once

#include <string>
#include <utility>

namespace leoflow::objects {

/// "https://host:1/a?b" is "https://host:1" and "/a?b".
inline std::pair<std::string, std::string> split_url(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const std::size_t slash = url.find('/', scheme == std::string::npos ? 0 : scheme + 3);
  if (slash == std::string::npos) return {url, "/"};
  return {url.substr(0, slash), url.substr(slash)};
}

}  // namespace leoflow::objects
