#include "api/core/trusted_proxies.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <fmt/format.h>

#include "base/text.hpp"

namespace leoflow::api {

namespace {

constexpr unsigned kBits = 128;
/// Of the mark that IPv4 has in IPv6.
constexpr unsigned kBitsBeforeIpv4 = 96;

}  // namespace

bool TrustedProxies::read(std::string_view text, Address& out) {
  const bool is_ipv6 = text.contains(':');
  const std::string whole = (is_ipv6 ? "" : "::ffff:") + std::string(text);
  return ::inet_pton(AF_INET6, whole.c_str(), out.data()) == 1;
}

Result<TrustedProxies> TrustedProxies::parse(std::string_view text) {
  TrustedProxies out;
  for (const std::string& part : split(text, ',')) {
    const std::string_view entry = trim(part);
    if (entry.empty()) continue;
    if (entry == "*") {
      out.networks_.push_back({});
      continue;
    }
    const auto slash = std::min(entry.find('/'), entry.size());
    const unsigned before = entry.contains(':') ? 0 : kBitsBeforeIpv4;
    unsigned bits = kBits - before;
    bool is_good = true;
    if (slash < entry.size()) {
      const char* end = entry.data() + entry.size();
      const auto number = std::from_chars(entry.data() + slash + 1, end, bits);
      is_good = number.ec == std::errc() && number.ptr == end && bits <= kBits - before;
    }
    Network network{};
    if (!is_good || !read(entry.substr(0, slash), network.first))
      return fail(ErrorCode::invalid, fmt::format("'{}' is neither an address nor a network", entry));
    network.prefix = before + bits;
    out.networks_.push_back(network);
  }
  return out;
}

bool TrustedProxies::contains(const Address& address) const {
  return std::ranges::any_of(networks_, [&](const Network& network) {
    const unsigned whole = network.prefix / 8;
    const unsigned rest = network.prefix % 8;
    return std::equal(address.begin(), address.begin() + whole, network.first.begin()) &&
           (rest == 0 || (address[whole] ^ network.first[whole]) >> (8 - rest) == 0);
  });
}

std::string TrustedProxies::client_of(const http::Request& request) const {
  std::string client = request.remote_address;
  if (networks_.empty()) return client;
  std::vector<std::string> way;
  const auto [first, last] = request.headers.equal_range("x-forwarded-for");
  for (auto header = first; header != last; ++header)
    for (const std::string& hop : split(header->second, ',')) way.emplace_back(trim(hop));
  // From here to the browser, as long as somebody says it whom we believe.
  Address here{};
  bool is_known = read(client, here);
  while (is_known && !way.empty() && contains(here)) {
    is_known = read(way.back(), here);
    if (is_known) client = std::move(way.back());
    way.pop_back();
  }
  return client;
}

}  // namespace leoflow::api
