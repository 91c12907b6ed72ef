#include "redis/address.hpp"

#include <boost/url/parse.hpp>
#include <charconv>
#include <fmt/format.h>

#include "base/text.hpp"

namespace leoflow::redis {
namespace {

constexpr const char* kUrl = "LEOFLOW_REDIS_URL";
constexpr const char* kCaFile = "LEOFLOW_REDIS_CA_FILE";

bool read_number(std::string_view text, int most, int& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() && out >= 0 && out <= most;
}

std::optional<Address> parse(std::string_view text) {
  const auto parsed = boost::urls::parse_uri(text);
  if (!parsed) return std::nullopt;
  const boost::urls::url_view& url = *parsed;
  Address out;
  out.is_tls = url.scheme() == "rediss";
  if ((!out.is_tls && url.scheme() != "redis") || url.has_query() || url.has_fragment()) return std::nullopt;
  out.host = url.host_address();
  if (out.host.empty()) return std::nullopt;
  if (url.has_port() && !(read_number(url.port(), 65535, out.port) && out.port > 0)) return std::nullopt;
  out.user = url.user();
  out.password = url.password();
  const std::string path = url.path();
  if (path.size() > 1 && !read_number(std::string_view(path).substr(1), 1'000'000, out.database))
    return std::nullopt;
  return out;
}

}  // namespace

std::string Address::text() const {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}/{}", is_tls ? "rediss" : "redis", is_ipv6 ? "[" : "", host,
                     is_ipv6 ? "]" : "", port, database);
}

Result<std::optional<Address>> read_address(const Variables& variables) {
  const std::string url = variables(kUrl), ca_file = variables(kCaFile);
  if (!ca_file.empty() && !url.starts_with("rediss://"))
    return fail(ErrorCode::invalid, fmt::format("{} is set, but {} is no rediss:// URL", kCaFile, kUrl));
  if (url.empty()) return std::nullopt;
  auto out = parse(url);
  if (!out) {
    return fail(
        ErrorCode::invalid,
        fmt::format("{} is no URL such as redis://user:password@host:6379/0, or rediss:// for TLS", kUrl));
  }
  if (!out->user.empty() && out->password.empty())
    return fail(ErrorCode::invalid, fmt::format("{} has a user without a password", kUrl));
  out->ca_file = ca_file;
  if (!out->ca_file.empty() && !read_file(out->ca_file))
    return fail(ErrorCode::invalid, fmt::format("{}: '{}' cannot be read", kCaFile, out->ca_file));
  return out;
}

}  // namespace leoflow::redis
