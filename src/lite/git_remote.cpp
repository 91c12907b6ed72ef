#include "lite/git_remote.hpp"

namespace leoflow::lite {

GitRemote git_remote(std::string_view url) {
  const GitRemote as_it_is{std::string(url), std::nullopt};
  const auto scheme = url.substr(0, url.find("://"));
  if (scheme != "https" && scheme != "http") return as_it_is;
  const std::size_t begin = scheme.size() + 3;
  const std::string_view authority = url.substr(begin, url.find_first_of("/?#", begin) - begin);
  const std::size_t sign = authority.rfind('@');
  const std::size_t colon = authority.find(':');
  if (sign == std::string_view::npos || colon > sign) return as_it_is;
  std::string without(url);
  without.erase(begin + colon, sign - colon);
  return {std::move(without), std::string(url.substr(0, begin + authority.size()))};
}

}  // namespace leoflow::lite
