#include "agent/request_book.hpp"

#include <algorithm>

namespace leoflow::agent {

void RequestBook::ask(const std::string& owner, std::string body, OnAnswer on_answer) {
  const std::uint64_t id = ++last_id_;
  agentrpc::AgentMessage message;
  agentrpc::SdkRequest& request = *message.mutable_request();
  request.set_request_id(id);
  request.set_attempt_id(owner);
  request.set_body(std::move(body));
  send_(message);
  questions_.emplace(id, Question{std::move(message), std::move(on_answer)});
}

std::string RequestBook::answer(const agentrpc::SdkResponse& response) {
  const auto found = questions_.find(response.request_id());
  if (found == questions_.end()) return "";
  const Question question = std::move(found->second);
  questions_.erase(found);
  question.on_answer(response);
  return question.message.request().attempt_id();
}

bool RequestBook::is_waiting(const std::string& owner) const {
  return std::ranges::any_of(
      questions_, [&](const auto& entry) { return entry.second.message.request().attempt_id() == owner; });
}

void RequestBook::ask_all_again() {
  for (auto& [id, question] : questions_) {
    question.message.mutable_request()->set_may_repeat(true);
    send_(question.message);
  }
}

void RequestBook::forget(const std::string& owner) {
  std::erase_if(questions_,
                [&](const auto& entry) { return entry.second.message.request().attempt_id() == owner; });
}

}  // namespace leoflow::agent
