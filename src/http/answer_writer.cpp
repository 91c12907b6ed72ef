#include "http/answer_writer.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

namespace leoflow::http {

namespace asio = boost::asio;

void AnswerWriter::hold(const std::shared_ptr<void>& owner, std::size_t size) {
  share_.hold(size, [this, weak = std::weak_ptr(owner)] {
    if (const auto locked = weak.lock()) {
      asio::post(socket_.get_executor(), [this, locked] {
        if (share_.given_up()) socket_.close();
      });
    }
  });
}

void AnswerWriter::write(std::shared_ptr<void> owner, std::string_view text, Done done) {
  write_more(std::move(owner), text, Clock::now() + config_.write_limit_time, std::move(done));
}

void AnswerWriter::write_more(std::shared_ptr<void> owner, std::string_view text, Clock::time_point end,
                              Done done) {
  if (text.empty()) return done({});
  socket_.expires_at(std::min(end, Clock::now() + config_.write_stall_time));
  socket_.async_write_some(asio::buffer(text.data(), text.size()),
                           [this, owner = std::move(owner), text, end, done = std::move(done)](
                               boost::system::error_code error, std::size_t size) mutable {
                             if (error) return done(error);
                             share_.progress();
                             write_more(std::move(owner), text.substr(size), end, std::move(done));
                           });
}

}  // namespace leoflow::http
