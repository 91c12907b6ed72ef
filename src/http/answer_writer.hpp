#pragma once

#include <boost/beast/core/tcp_stream.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string_view>

#include "http/answer_budget.hpp"
#include "http/server.hpp"

namespace leoflow::http {

/// Private to this folder: writes what a connection answers, within the server's limits of time and memory.
/// One that is given up has its socket closed, so that what is being written ends with an error. Lives on the
/// strand of its connection.
class AnswerWriter {
 public:
  using Done = std::function<void(boost::system::error_code)>;

  AnswerWriter(boost::beast::tcp_stream& socket, const ServerConfig& config, AnswerBudget& budget)
      : socket_(socket), config_(config), share_(budget) {}

  /// An answer, or a part of one, has this size in memory from now on.
  /// @param owner  of this and of the socket.
  void hold(const std::shared_ptr<void>& owner, std::size_t size);
  void give_back() { share_.give_back(); }

  /// Writes a text that lives until `done`, as `owner` does.
  void write(std::shared_ptr<void> owner, std::string_view text, Done done);

 private:
  using Clock = std::chrono::steady_clock;
  void write_more(std::shared_ptr<void> owner, std::string_view text, Clock::time_point end, Done done);

  boost::beast::tcp_stream& socket_;
  const ServerConfig& config_;
  AnswerBudget::Share share_;
};

}  // namespace leoflow::http
