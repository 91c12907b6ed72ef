#include "api/static/page_policy.hpp"

#include <fmt/format.h>

namespace leoflow::api {

namespace {

std::string listed(const std::vector<std::string>& origins) {
  std::string out;
  for (const std::string& origin : origins) out += " " + origin;
  return out;
}

}  // namespace

std::string page_policy(const PageSources& also) {
  const std::string bundles = listed(also.bundles);
  return fmt::format(
      "default-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval' blob:{0}; "
      "style-src 'self' 'unsafe-inline'{0}; img-src 'self' data: https:; font-src 'self' data:; "
      "worker-src 'self' blob:; connect-src 'self'{0}; frame-src 'self'{1}; frame-ancestors 'none'; "
      "base-uri 'self'; form-action 'self'",
      bundles, listed(also.frames));
}

}  // namespace leoflow::api
