#include "http/forward.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <fmt/format.h>

#include "base/socket_path.hpp"
#include "base/text.hpp"
#include "http/exchange.hpp"

namespace leoflow::http {

namespace {

using Local = boost::asio::local::stream_protocol;
using Tcp = boost::asio::ip::tcp;
namespace beast_http = boost::beast::http;

bool is_between_neighbours(std::string_view name) {
  static constexpr std::array<std::string_view, 9> kNames{
      "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te",
      "trailer",    "upgrade",    "transfer-encoding",  "content-length"};
  return std::ranges::find(kNames, name) != kNames.end();
}

/// @param request must outlive `out`, which has no copy of its body: that may be large.
void fill(beast_http::request<beast_http::span_body<const char>>& out, const ForwardOptions& options,
          const Request& request) {
  out.method_string(request.method);
  out.target(request.target);
  for (const auto& [name, value] : request.headers) {
    if (!is_between_neighbours(name) && name != "expect") out.insert(name, value);
  }
  for (const auto& [name, value] : options.headers) out.set(name, value);
  out.set("X-Forwarded-For", request.remote_address);
  out.set("X-Forwarded-Proto", request.scheme);
  out.set(beast_http::field::connection, "close");
  out.body() = {request.body.data(), request.body.size()};
  out.prepare_payload();
}

Response take(beast_http::response<beast_http::string_body> answer) {
  Response out;
  out.status = static_cast<int>(answer.result_int());
  out.content_type.clear();
  for (const auto& field : answer) {
    const std::string_view name(field.name_string().data(), field.name_string().size());
    if (is_between_neighbours(to_lower(name))) continue;
    if (field.name() == beast_http::field::content_type) {
      out.content_type = field.value();
    } else {
      out.headers.emplace_back(name, field.value());
    }
  }
  out.body = std::move(answer.body());
  return out;
}

template <typename Protocol, typename Endpoints>
std::expected<Response, ForwardFailure> exchange(const ForwardOptions& options, const Request& request,
                                                 const Endpoints& to) {
  Exchange<Protocol> exchange;
  exchange.parser.body_limit(options.body_limit);
  exchange.parser.skip(request.method == "HEAD");
  fill(exchange.request, options, request);
  exchange.run(to, options.connect_limit, options.limit, options.is_pointless);
  if (exchange.error) return std::unexpected(ForwardFailure{exchange.is_connected, exchange.error.message()});
  return take(exchange.parser.release());
}

std::unexpected<ForwardFailure> not_reached(std::string reason) {
  return std::unexpected(ForwardFailure{.reason = std::move(reason)});
}

}  // namespace

std::expected<Response, ForwardFailure> forward(const ForwardOptions& options, const Request& request) {
  constexpr std::string_view kUnix = "unix:";
  if (options.to.starts_with(kUnix)) {
    const SocketPath socket(options.to.substr(kUnix.size()));
    if (!socket.fits()) return not_reached("the path of its socket is too long");
    return exchange<Local>(options, request, Local::endpoint(socket.text()));
  }
  constexpr std::string_view kHttp = "http://";
  const auto colon = options.to.rfind(':');
  if (!options.to.starts_with(kHttp) || colon < kHttp.size())
    return not_reached(fmt::format("'{}' is no http://host:port", options.to));
  std::string host = options.to.substr(kHttp.size(), colon - kHttp.size());
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  boost::asio::io_context io;
  boost::system::error_code failed;
  const auto endpoints = Tcp::resolver(io).resolve(host, options.to.substr(colon + 1), failed);
  if (failed) return not_reached(failed.message());
  return exchange<Tcp>(options, request, endpoints);
}

}  // namespace leoflow::http
