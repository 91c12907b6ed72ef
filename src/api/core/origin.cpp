#include "api/core/origin.hpp"

namespace leoflow::api {

bool is_cross_site(const http::Request& request) {
  return !request.header("origin").empty() && !is_from_own_page(request);
}

bool is_from_own_page(const http::Request& request) {
  const std::string_view origin = request.header("origin");
  const std::size_t scheme_end = origin.find("://");
  return scheme_end != std::string_view::npos && origin.substr(scheme_end + 3) == request.header("host");
}

}  // namespace leoflow::api
