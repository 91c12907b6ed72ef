#include "http/client.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <fmt/core.h>
#include <limits>

#include "http/exchange.hpp"

namespace leoflow::http {

namespace asio = boost::asio;
namespace wire = boost::beast::http;

namespace {

struct Address {
  std::string host;
  std::string port;
};

std::optional<Address> parse_base(std::string_view url) {
  if (!url.starts_with("http://")) return std::nullopt;
  url.remove_prefix(7);
  url = url.substr(0, url.find('/'));
  const std::size_t colon = url.rfind(':');
  if (colon == std::string_view::npos) return Address{std::string(url), "80"};
  return Address{std::string(url.substr(0, colon)), std::string(url.substr(colon + 1))};
}

}  // namespace

Client::Client(std::string base_url, std::chrono::milliseconds limit)
    : base_url_(std::move(base_url)), limit_(limit) {}

Result<ClientResponse> Client::send(std::string_view method, std::string_view target, std::string_view body) {
  const auto address = parse_base(base_url_);
  if (!address) return fail(ErrorCode::invalid, fmt::format("'{}' is not an http:// URL", base_url_));
  Exchange<asio::ip::tcp> exchange;
  exchange.stream.expires_after(limit_);
  exchange.parser.body_limit(std::numeric_limits<std::uint64_t>::max());
  exchange.request.method_string({method.data(), method.size()});
  exchange.request.target({target.data(), target.size()});
  exchange.request.set(wire::field::host, address->host);
  exchange.request.set(wire::field::connection, "close");
  for (const auto& [name, value] : headers_) exchange.request.set(name, value);
  if (!token_.empty()) exchange.request.set(wire::field::authorization, "Bearer " + token_);
  if (!body.empty()) exchange.request.set(wire::field::content_type, "application/json");
  exchange.request.body() = body;
  exchange.request.prepare_payload();

  asio::ip::tcp::resolver resolver(exchange.io);
  const auto endpoints = resolver.resolve(address->host, address->port, exchange.error);
  if (!exchange.error) exchange.run(endpoints);
  if (exchange.error) {
    return fail(ErrorCode::unavailable,
                fmt::format("{} does not answer: {}", base_url_, exchange.error.message()));
  }
  ClientResponse response;
  response.status = static_cast<int>(exchange.parser.get().result_int());
  response.body = std::move(exchange.parser.get().body());
  return response;
}

}  // namespace leoflow::http
