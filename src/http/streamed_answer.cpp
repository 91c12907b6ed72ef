#include "http/streamed_answer.hpp"

#include <boost/asio/post.hpp>
#include <fmt/core.h>
#include <utility>

#include "base/log.hpp"

namespace leoflow::http {

namespace asio = boost::asio;
using boost::system::error_code;

StreamedAnswer::StreamedAnswer(boost::beast::tcp_stream& socket, asio::thread_pool& workers,
                               AnswerWriter& writer, Stream stream, bool in_chunks,
                               std::function<void()> sent, Ended ended)
    : socket_(socket),
      workers_(workers),
      writer_(writer),
      stream_(std::move(stream)),
      in_chunks_(in_chunks),
      sent_(std::move(sent)),
      ended_(std::move(ended)),
      timer_(socket.get_executor()) {}

void StreamedAnswer::start() {
  socket_.expires_never();
  watch_client();
  make_part();
}

// Nothing is read while an answer is on its way, so without this a client that went away would be found out
// only by the next part. One that sends its next request meanwhile is there: it is not watched any more.
void StreamedAnswer::watch_client() {
  using Socket = asio::ip::tcp::socket;
  socket_.socket().async_wait(Socket::wait_read, [self = shared_from_this()](error_code error) {
    if (error || self->is_over_) return;
    const std::size_t unread = self->socket_.socket().available(error);
    if (error || unread == 0) self->end(asio::error::eof);
  });
}

void StreamedAnswer::make_part() {
  asio::post(workers_, [self = shared_from_this()] {
    std::optional<Part> part;
    error_code broken;
    try {
      part = self->stream_();
    } catch (const std::exception& error) {
      log::error("a streamed answer broke off: {}", error.what());
      broken = asio::error::fault;
    }
    asio::post(self->socket_.get_executor(), [self, broken, part = std::move(part)]() mutable {
      if (broken) return self->end(broken);
      self->on_made(std::move(part));
    });
  });
}

void StreamedAnswer::on_made(std::optional<Part> part) {
  if (!part) {
    const auto finish = [this] { end({}); };
    return in_chunks_ ? write("0\r\n\r\n", finish) : finish();
  }
  // An empty chunk would be the last one.
  if (part->text.empty()) return pause(part->pause);
  if (in_chunks_) part->text = fmt::format("{:x}\r\n{}\r\n", part->text.size(), part->text);
  write(std::move(part->text), [this, length = part->pause] { pause(length); });
}

void StreamedAnswer::write(std::string text, std::function<void()> then) {
  if (is_over_) return;
  text_ = std::move(text);
  const auto self = shared_from_this();
  writer_.hold(self, text_.size());
  writer_.write(self, text_, [this, then = std::move(then)](error_code error) {
    writer_.give_back();
    text_ = {};
    if (error || is_over_) return end(error);
    socket_.expires_never();
    sent_();
    then();
  });
}

void StreamedAnswer::pause(std::chrono::milliseconds length) {
  if (is_over_) return;
  timer_.expires_after(length);
  timer_.async_wait([self = shared_from_this()](error_code error) {
    if (!error && !self->is_over_) self->make_part();
  });
}

void StreamedAnswer::end(error_code error) {
  if (std::exchange(is_over_, true)) return;
  timer_.cancel();
  error_code ignored;
  socket_.socket().cancel(ignored);  // stops watching
  ended_(error);
}

}  // namespace leoflow::http
