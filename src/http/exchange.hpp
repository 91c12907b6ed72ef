#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <functional>

/// Private to this folder: one request to a server and its answer.
namespace leoflow::http {

/// A chain of callbacks on a private io_context, because only asynchronous operations of a stream have a
/// deadline. Not thread safe.
template <typename Protocol>
struct Exchange {
  boost::asio::io_context io;
  boost::beast::basic_stream<Protocol> stream{io};
  boost::beast::flat_buffer buffer;
  boost::beast::http::request<boost::beast::http::span_body<const char>>
      request;  ///< has no copy of its body
  boost::beast::http::response_parser<boost::beast::http::string_body> parser;
  boost::system::error_code error;
  bool is_connected = false;  ///< it was, at least for a while

  /// @param to an endpoint, or a range of them to be tried in turn.
  /// @param is_pointless  ends it when it is true; asked several times a second
  template <typename Endpoints>
  void run(const Endpoints& to, std::chrono::milliseconds connect_limit, std::chrono::milliseconds limit,
           const std::function<bool()>& is_pointless) {
    stream.expires_after(connect_limit);
    stream.async_connect(to, [this, limit](boost::system::error_code failed, auto&&...) {
      is_connected = !failed;
      if (!keep(failed)) return;
      stream.expires_after(limit);
      write();
    });
    constexpr std::chrono::milliseconds kBetweenLooks{200};
    while (!io.stopped()) {
      io.run_for(kBetweenLooks);
      if (!io.stopped() && is_pointless()) stream.cancel();
    }
  }

 private:
  void write() {
    boost::beast::http::async_write(stream, request, [this](boost::system::error_code failed, std::size_t) {
      if (keep(failed)) read();
    });
  }
  void read() {
    boost::beast::http::async_read(stream, buffer, parser,
                                   [this](boost::system::error_code failed, std::size_t) { keep(failed); });
  }
  bool keep(boost::system::error_code failed) {
    error = failed;
    return !failed;
  }
};

}  // namespace leoflow::http
