#include "http/connection.hpp"

#include <array>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>
#include <optional>

#include "base/log.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "http/answer_writer.hpp"
#include "http/gzip.hpp"
#include "http/gzip_stream.hpp"
#include "http/streamed_answer.hpp"

namespace leoflow::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace wire = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr std::size_t kLeastWorthCompressing = 1024;

/// Those that the answer does not have itself.
void add_security_headers(const Response& response, wire::fields& fields) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kHeaders{
      {{"X-Content-Type-Options", "nosniff"},
       {"X-Frame-Options", "DENY"},
       {"Referrer-Policy", "same-origin"}}};
  for (const auto& [name, value] : kHeaders) {
    if (!response.has_header(name)) fields.set({name.data(), name.size()}, {value.data(), value.size()});
  }
}

/// Beast throws beyond that where nobody catches it.
void check_headers(const Response& response) {
  constexpr std::size_t kLongest = 60'000;  // bytes
  for (const auto& [name, value] : response.headers) {
    if (name.size() + value.size() > kLongest)
      throw Fatal(fmt::format("the answer's header '{}' has {} bytes", name, value.size()));
  }
}

void compress_if_wanted(const Request& request, Response& response) {
  const bool is_large = response.stream || response.content().size() >= kLeastWorthCompressing;
  if (!is_large || response.has_header("content-encoding") || !is_compressible(response.content_type)) return;
  response.headers.emplace_back("Vary", "Accept-Encoding");
  if (!accepts_gzip(request.header("accept-encoding"))) return;
  if (response.stream) {
    response.stream = gzipped(std::move(response.stream));
  } else {
    response.body = gzip(response.content(), Effort::fast);
    response.shared_body.reset();
  }
  response.headers.emplace_back("Content-Encoding", "gzip");
}

}  // namespace

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(asio::ip::tcp::socket socket, ServerContext& context, asio::thread_pool& workers,
             ConnectionSet& connections)
      : stream_(std::move(socket)),
        context_(context),
        workers_(workers),
        connections_(connections),
        body_share_(context.bodies),
        writer_(stream_, context.config, context.answers) {}
  ~Connection() { connections_.remove(this); }

  void start();
  void refuse(int status, std::string_view why) {
    parser_.reset();
    answer(error_response(status, why), false);
  }
  /// From any thread: closes now if no request is in progress, or one that is answered by a stream.
  void close_when_idle();

 private:
  using Parser = wire::request_parser<wire::string_body>;

  void await_request();
  void read_header();
  void read_body();
  void read_more_body();
  void send_continue();
  void on_read_error(error_code error);
  void handle();
  Request take_request();
  void answer(Response response, bool keep_alive);
  void write();
  void write_stream();
  void on_written(error_code error);
  void close();

  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  const ServerContext& context_;
  asio::thread_pool& workers_;
  ConnectionSet& connections_;
  BodyBudget::Share body_share_;

  // The answer on its way out.
  Response response_;
  AnswerWriter writer_;
  std::optional<wire::response<wire::empty_body>> head_;
  std::optional<wire::response_serializer<wire::empty_body>> serializer_;
  bool keep_alive_ = false;
  bool head_only_ = false;
  bool knows_chunks_ = true;
  std::weak_ptr<StreamedAnswer> streamed_;
  bool busy_ = false;
};

void Connection::start() {
  asio::dispatch(stream_.get_executor(), [self = shared_from_this()] { self->await_request(); });
}

// Waits for the first byte with the idle limit, then reads the header with its own.
void Connection::await_request() {
  busy_ = false;
  if (connections_.closing()) return close();
  connections_.set_waiting(this, true);
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(context_.config.header_limit));
  parser_->body_limit(context_.config.body_limit);
  if (buffer_.size() > 0) return read_header();
  stream_.expires_after(context_.config.idle_limit);
  stream_.async_read_some(buffer_.prepare(4096),
                          [self = shared_from_this()](error_code error, std::size_t size) {
                            if (error) return self->close();
                            self->buffer_.commit(size);
                            self->read_header();
                          });
}

void Connection::read_header() {
  stream_.expires_after(context_.config.header_limit_time);
  wire::async_read_header(stream_, buffer_, *parser_,
                          [self = shared_from_this()](error_code error, std::size_t) {
                            if (error) return self->on_read_error(error);
                            if (self->parser_->get()[wire::field::expect] == "100-continue")
                              return self->send_continue();
                            self->read_body();
                          });
}

void Connection::send_continue() {
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  asio::async_write(stream_, asio::buffer(kContinue),
                    [self = shared_from_this()](error_code error, std::size_t) {
                      if (error) return self->close();
                      self->read_body();
                    });
}

void Connection::read_body() {
  stream_.expires_after(context_.config.body_limit_time);
  parser_->eager(true);
  read_more_body();
}

void Connection::read_more_body() {
  if (parser_->is_done()) return handle();
  wire::async_read_some(stream_, buffer_, *parser_,
                        [self = shared_from_this()](error_code error, std::size_t) {
                          if (error) return self->on_read_error(error);
                          if (!self->body_share_.grow(self->parser_->get().body().size()))
                            return self->refuse(503, "Too many large requests at once: try again later");
                          self->read_more_body();
                        });
}

void Connection::on_read_error(error_code error) {
  if (error == wire::error::end_of_stream) return close();
  if (error == beast::error::timeout) return refuse(408, "Request Timeout");
  if (error == wire::error::header_limit) return refuse(431, "Request Header Fields Too Large");
  if (error == wire::error::body_limit) return refuse(413, "Request body is too large");
  if (error.category() == wire::make_error_code(wire::error::bad_method).category()) {
    return refuse(400, "Malformed HTTP request");
  }
  close();  // the peer is gone
}

Request Connection::take_request() {
  auto message = parser_->release();
  Request request;
  request.method = std::string(message.method_string());
  parse_target(std::string_view(message.target().data(), message.target().size()), request);
  for (const auto& field : message) {
    request.headers.emplace(
        to_lower(std::string_view(field.name_string().data(), field.name_string().size())),
        std::string(field.value()));
  }
  request.body = std::move(message.body());
  error_code ignored;
  request.remote_address = stream_.socket().remote_endpoint(ignored).address().to_string();
  return request;
}

void Connection::handle() {
  busy_ = true;
  connections_.set_waiting(this, false);
  stream_.expires_never();
  const bool keep_alive = parser_->keep_alive();
  knows_chunks_ = parser_->get().version() >= 11;
  auto request = std::make_shared<Request>(take_request());
  head_only_ = request->method == "HEAD";
  asio::post(workers_, [self = shared_from_this(), request, keep_alive] {
    Response response;
    try {
      response = self->context_.handler(*request);
      check_headers(response);
      compress_if_wanted(*request, response);
    } catch (const std::exception& error) {
      log::error("{} {}: {}", request->method, request->path, error.what());
      response = error_response(500, "Internal Server Error");
    }
    asio::post(self->stream_.get_executor(), [self, keep_alive, response = std::move(response)]() mutable {
      self->answer(std::move(response), keep_alive);
    });
  });
}

void Connection::answer(Response response, bool keep_alive) {
  body_share_.give_back();
  response_ = std::move(response);
  const bool is_stream = static_cast<bool>(response_.stream);
  // Without chunks only the end of the connection shows where the answer ends.
  keep_alive_ = keep_alive && !connections_.closing() && (knows_chunks_ || !is_stream);
  head_.emplace(static_cast<wire::status>(response_.status), 11);
  add_security_headers(response_, *head_);
  head_->keep_alive(keep_alive_);
  const bool bodiless = response_.status == 204 || response_.status == 304;
  // Of nothing, too: so do Airflow's.
  if (response_.status != 304 && !response_.content_type.empty())
    head_->set(wire::field::content_type, response_.content_type);
  if (!bodiless) {
    if (is_stream) {
      head_->chunked(knows_chunks_);
    } else {
      head_->content_length(response_.content().size());
    }
  }
  for (const auto& [name, value] : response_.headers) head_->insert(name, value);
  if (bodiless) head_only_ = true;
  if (head_only_) response_ = {};
  write();
}

void Connection::write() {
  writer_.hold(shared_from_this(), response_.body.size());
  stream_.expires_after(context_.config.write_stall_time);
  serializer_.emplace(*head_);
  wire::async_write_header(stream_, *serializer_, [self = shared_from_this()](error_code error, std::size_t) {
    if (error) return self->on_written(error);
    if (self->response_.stream) return self->write_stream();
    self->writer_.write(self, self->response_.content(),
                        [connection = self.get()](error_code written) { connection->on_written(written); });
  });
}

void Connection::write_stream() {
  if (connections_.closing()) return close();
  const auto streamed = std::make_shared<StreamedAnswer>(
      stream_, workers_, writer_, std::move(response_.stream), knows_chunks_,
      [self = shared_from_this()] { self->connections_.set_waiting(self.get(), true); },
      [self = shared_from_this()](error_code error) { self->on_written(error); });
  streamed_ = streamed;
  // It may last for hours, so it is among those that make room.
  connections_.set_waiting(this, true);
  streamed->start();
}

void Connection::on_written(error_code error) {
  head_only_ = false;
  writer_.give_back();
  response_ = {};
  if (error || !keep_alive_) return close();
  await_request();
}

void Connection::close_when_idle() {
  asio::post(stream_.get_executor(), [self = shared_from_this()] {
    if (!self->busy_) return self->close();
    if (const auto streamed = self->streamed_.lock()) streamed->stop();
  });
}

void Connection::close() {
  error_code ignored;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  stream_.close();
}

bool ConnectionSet::add(const std::shared_ptr<Connection>& connection, std::size_t most) {
  std::shared_ptr<Connection> rude;
  {
    const std::lock_guard lock(mutex_);
    if (open_.size() >= most) {
      auto longest = open_.end();
      for (auto at = open_.begin(); at != open_.end(); ++at) {
        const bool longer = longest == open_.end() || at->second.waiting < longest->second.waiting;
        if (at->second.waiting > 0 && longer) longest = at;
      }
      if (longest == open_.end()) return false;
      rude = longest->second.connection.lock();
      open_.erase(longest);
    }
    open_[connection.get()] = {connection, ++last_wait_};
  }
  if (rude) rude->close_when_idle();
  return true;
}

void ConnectionSet::set_waiting(const Connection* connection, bool waits) {
  const std::lock_guard lock(mutex_);
  if (const auto found = open_.find(connection); found != open_.end())
    found->second.waiting = waits ? ++last_wait_ : 0;
}

void ConnectionSet::remove(const Connection* connection) {
  const std::lock_guard lock(mutex_);
  open_.erase(connection);
}

void ConnectionSet::close_all() {
  std::vector<std::shared_ptr<Connection>> open;
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    for (const auto& [key, entry] : open_) {
      if (auto connection = entry.connection.lock()) open.push_back(std::move(connection));
    }
  }
  for (const auto& connection : open) connection->close_when_idle();
}

bool ConnectionSet::closing() const {
  const std::lock_guard lock(mutex_);
  return closing_;
}

void start_connection(asio::ip::tcp::socket socket, ServerContext& context, asio::thread_pool& workers,
                      ConnectionSet& connections) {
  error_code ignored;
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  const auto connection = std::make_shared<Connection>(std::move(socket), context, workers, connections);
  if (!connections.add(connection, context.config.max_connections)) {
    return connection->refuse(503, "Too many connections");
  }
  connection->start();
}

}  // namespace leoflow::http
