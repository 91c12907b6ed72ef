#pragma once

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "http/answer_writer.hpp"
#include "http/message.hpp"

namespace leoflow::http {

/// Private to this folder: the parts of an answer on their way out, after its head. Made and written one
/// after the other; between two of them only a timer waits. Lives on the strand of its connection, except
/// where it makes a part, and keeps itself alive until it has ended.
class StreamedAnswer : public std::enable_shared_from_this<StreamedAnswer> {
 public:
  using Ended = std::function<void(boost::system::error_code)>;

  /// @param sent  called on the strand when the client took a part.
  /// @param ended  called once, on the strand: without an error if the whole answer was written.
  StreamedAnswer(boost::beast::tcp_stream& socket, boost::asio::thread_pool& workers, AnswerWriter& writer,
                 Stream stream, bool in_chunks, std::function<void()> sent, Ended ended);

  void start();
  /// Breaks it off.
  void stop() { end(boost::asio::error::operation_aborted); }

 private:
  void watch_client();
  void make_part();
  void on_made(std::optional<Part> part);
  void write(std::string text, std::function<void()> then);
  void pause(std::chrono::milliseconds length);
  void end(boost::system::error_code error);

  boost::beast::tcp_stream& socket_;  ///< the connection's, which `ended_` keeps alive
  boost::asio::thread_pool& workers_;
  AnswerWriter& writer_;
  const Stream stream_;
  const bool in_chunks_;
  const std::function<void()> sent_;
  const Ended ended_;
  bool is_over_ = false;
  boost::asio::steady_timer timer_;
  std::string text_;  ///< being written
};

}  // namespace leoflow::http
