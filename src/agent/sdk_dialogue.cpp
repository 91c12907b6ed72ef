#include "agent/sdk_dialogue.hpp"

#include <fmt/core.h>

#include "base/log.hpp"

namespace leoflow::agent {
namespace {
/// Below the limit of one message to the control plane.
constexpr std::size_t kMaxBodyBytes = 250 << 20;
/// Larger ones may be refused, and the task has to hear that.
constexpr std::size_t kMaxAheadBytes = 1 << 20;
/// Likewise.
constexpr std::size_t kLongestKeyAhead = 250;  // bytes

/// Changes that are not refused, so that a task need not wait until they are stored.
bool is_answered_ahead(const SdkRequestFrame& request) {
  if (request.size > kMaxAheadBytes) return false;
  if (request.type == "SetRenderedFields") return true;
  // With a length it is what others are mapped over, and may be too long for that.
  return request.type == "SetXCom" && get_integer(request.body, "mapped_length", -1) < 0 &&
         get_text(request.body, "key").size() <= kLongestKeyAhead;
}
}  // namespace

void SdkDialogue::begin(const json::object& environment, std::string_view body) {
  // Our own frame before the SDK's first one: leoflow_worker waits for it.
  child_->send(encode_response(0, json::serialize(json::object{{"environment", environment}}), ""));
  child_->send(encode_response(0, body, ""));
}

void SdkDialogue::begin_question(const json::object& environment, const json::value& question) {
  child_->send(encode_response(
      0, json::serialize(json::object{{"environment", environment}, {"question", question}}), ""));
}

void SdkDialogue::serve(std::string_view payload) {
  const SdkRequestFrame request = decode_request(payload);
  if (!request.error.empty()) return refuse(request.id, request.error);
  if (request.type == "MaskSecret") {
    if (const json::value* value = find(request.body, "value")) {
      masker_.add(*value, get_text(request.body, "name"));
    }
    return child_->send(encode_response(request.id, "", ""));
  }
  if (request.type == "ResendLoggingFD") {
    try {
      // The task cannot know our number for it; the socket itself comes along.
      return child_->send_with_log_socket(encode_response(request.id, R"({"type":"SentFDs","fds":[0]})", ""));
    } catch (const Fatal& error) {
      return refuse(request.id, error.what());
    }
  }
  if (intercept_(request)) return child_->send(encode_response(request.id, "", ""));
  const bool may_follow = is_answered_ahead(request) || is_final(request.type);
  if (!held_.empty() || (storing_ > 0 && !may_follow)) return held_.push_back(request);
  forward(request);
}

void SdkDialogue::forward(const SdkRequestFrame& request) {
  if (is_answered_ahead(request)) return forward_answered(request);
  ask(request, [weak = weak_from_this(), id = request.id, asker = asker_of(request)](const auto& response) {
    if (const auto self = weak.lock()) self->relay(id, asker, response);
  });
}

void SdkDialogue::forward_answered(const SdkRequestFrame& request) {
  child_->send(encode_response(request.id, "", ""));
  ++storing_;
  ask(request, [weak = weak_from_this(), type = request.type](const auto& response) {
    const auto self = weak.lock();
    if (!self) return;
    if (!response.error().empty()) log::error("{}: {}: {}", self->owner_, type, response.error());
    --self->storing_;
    self->forward_held();
  });
}

void SdkDialogue::forward_held() {
  while (storing_ == 0 && !held_.empty()) {
    const SdkRequestFrame next = std::move(held_.front());
    held_.pop_front();
    forward(next);
  }
}

void SdkDialogue::ask(const SdkRequestFrame& request, RequestBook::OnAnswer on_answer) {
  std::string body = json::serialize(request.body);
  if (body.size() > kMaxBodyBytes) {
    agentrpc::SdkResponse too_large;
    too_large.set_error(generic_error(fmt::format("{} of {} bytes is too large", request.type, body.size())));
    return on_answer(too_large);
  }
  book_.ask(asker_of(request), std::move(body), std::move(on_answer));
}

std::string SdkDialogue::asker_of(const SdkRequestFrame& request) const {
  const std::string trigger = get_text(request.body, "on_behalf_of");
  return trigger.empty() ? owner_ : asker_of_trigger(trigger);
}

void SdkDialogue::relay(std::int64_t id, const std::string& asker, const agentrpc::SdkResponse& response) {
  if (response.body().find("ConnectionResult") != std::string::npos ||
      response.body().find("VariableResult") != std::string::npos) {
    // Before the task can print it.
    if (const auto body = parse_json(response.body())) masker_.add_from_response(*body);
  }
  if (response.body().find("PERMISSION_DENIED") != std::string::npos) {
    const auto body = parse_json(response.body());
    const json::value* detail = body ? find(*body, "detail") : nullptr;
    if (detail != nullptr) denied_(asker, get_text(*detail, "message"));
  }
  child_->send(encode_response(id, response.body(), response.error()));
}

void SdkDialogue::refuse(std::int64_t id, const std::string& reason) {
  log::warning("{}: {}", owner_, reason);
  child_->send(encode_response(id, "", generic_error(reason)));
}

}  // namespace leoflow::agent
