#include "http/forward.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/local/stream_protocol.hpp>

#include "base/socket_path.hpp"
#include "base/text.hpp"
#include "http/exchange.hpp"

namespace leoflow::http {

namespace {

using Local = boost::asio::local::stream_protocol;
namespace beast_http = boost::beast::http;

bool is_between_neighbours(std::string_view name) {
  static constexpr std::array<std::string_view, 9> kNames{
      "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te",
      "trailer",    "upgrade",    "transfer-encoding",  "content-length"};
  return std::ranges::find(kNames, name) != kNames.end();
}

void fill(beast_http::request<beast_http::string_body>& out, const Request& request) {
  out.method_string(request.method);
  out.target(request.target);
  for (const auto& [name, value] : request.headers) {
    if (!is_between_neighbours(name) && name != "expect") out.insert(name, value);
  }
  out.set("X-Forwarded-For", request.remote_address);
  out.set("X-Forwarded-Proto", request.scheme);
  out.set(beast_http::field::connection, "close");
  out.body() = request.body;
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

}  // namespace

Result<Response> forward(const ForwardOptions& options, const Request& request) {
  Exchange<Local> exchange;
  exchange.stream.expires_after(options.limit);
  exchange.parser.body_limit(options.body_limit);
  exchange.parser.skip(request.method == "HEAD");
  fill(exchange.request, request);
  const SocketPath socket(options.socket);
  if (!socket.fits()) return fail(ErrorCode::unavailable, "the path of its socket is too long");
  exchange.run(Local::endpoint(socket.text()));
  if (exchange.error) return fail(ErrorCode::unavailable, exchange.error.message());
  return take(exchange.parser.release());
}

}  // namespace leoflow::http
