#include "agent/parse_job.hpp"

#include <fmt/core.h>
#include <signal.h>
#include <string.h>

#include "base/log.hpp"
#include "base/text.hpp"

namespace leoflow::agent {
namespace {

using boost::system::error_code;

constexpr int kMaxParseLaunches = 3;
constexpr std::size_t kMaxShownOutput = 4096;
/// For Airflow's own time limit inside the process to give the better answer, with
/// a traceback, before we kill the process.
constexpr std::chrono::milliseconds kKillDelay{1000};

}  // namespace

ParseJob::ParseJob(World& world, agentrpc::ParseRequest request)
    : world_(world),
      request_(std::move(request)),
      begun_(std::chrono::steady_clock::now()),
      limit_(world.loop) {}

void ParseJob::begin() {
  ++launches_;
  keep_alive_ = shared_from_this();
  child_ = world_.pool.take_parse_child();
  if (!child_) return report("the agent has no more file descriptors");
  dialogue_ =
      std::make_shared<SdkDialogue>(world_.book, request_.parse_id(), child_,
                                    [this](const SdkRequestFrame& asked) { return note_request(asked); });
  dialogue_->on_denied([file = request_.file()](const std::string&, const std::string& why) {
    log::warning("'{}': {}", file, why);
  });
  const DagFile file{request_.file(), request_.bundle_path(), request_.bundle_name()};
  json::object environment = bundle_environment(file);
  environment["AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT"] = fmt::format("{:.3f}", request_.timeout_ms() / 1000.0);
  const json::object body{{"type", "DagFileParseRequest"},
                          {"file", request_.file()},
                          {"bundle_path", request_.bundle_path()},
                          {"bundle_name", request_.bundle_name()},
                          {"callback_requests", callbacks()}};
  if (request_.question().empty()) {
    dialogue_->begin(environment, json::serialize(body));
  } else {
    json::value question = parse_json(request_.question()).value_or(nullptr);
    // The control plane need not know where the files are here.
    if (find(question, "bundle_path") != nullptr)
      question.get_object()["bundle_path"] = request_.bundle_path();
    dialogue_->begin_question(environment, question);
  }
  child_->assign(*this);
  start_limit();
}

json::array ParseJob::callbacks() const {
  if (request_.callback().empty()) return {};
  return {parse_json(request_.callback()).value_or(nullptr)};
}

void ParseJob::start_limit() {
  limit_.expires_after(std::chrono::milliseconds(request_.timeout_ms()) + kKillDelay);
  limit_.async_wait([self = shared_from_this()](error_code error) {
    if (error) return;
    if (self->child_->pid() == 0) return self->start_limit();  // the warm Python is still starting
    self->is_too_slow_ = true;
    self->child_->signal(SIGKILL);
  });
}

void ParseJob::cancel() {
  is_cancelled_ = true;
  limit_.cancel();
  world_.book.forget(request_.parse_id());
  if (child_) child_->abandon();
}

void ParseJob::on_request(std::string payload) {
  dialogue_->serve(payload);
}

bool ParseJob::note_request(const SdkRequestFrame& request) {
  if (request.type == "Answer" || request.type == "AnswerError") {
    const json::value* told = find(request.body, "answer");
    if (request.type == "AnswerError") {
      refusal_ = get_text(request.body, "answer", "it does not say why");
    } else {
      result_ = told == nullptr ? "" : json::serialize(*told);
    }
    return true;
  }
  if (request.type != "DagFileParsingResult") {
    asked_supervisor_ = true;
    return false;
  }
  result_ = json::serialize(request.body);
  return true;
}

void ParseJob::on_output(OutputStream, std::string_view bytes) {
  last_output_.append(bytes);
  // More than is shown: a secret that is cut here is not shown.
  if (last_output_.size() > 4 * kMaxShownOutput) {
    last_output_.erase(0, last_output_.size() - 2 * kMaxShownOutput);
  }
}

void ParseJob::on_end(const ProcessEnd& end) {
  limit_.cancel();
  const std::shared_ptr<ParseJob> last_reference = std::move(keep_alive_);
  if (is_cancelled_) return;
  if (end.never_ran && launches_ < kMaxParseLaunches) return begin();
  const bool is_callback = !request_.callback().empty();
  if (is_callback && !last_output_.empty())
    log::info("a callback of '{}' says: {}", request_.file(), shown_output());
  const bool is_done = is_callback ? end.is_known && end.signal == 0 && end.exit_code == 0 : !result_.empty();
  if (!refusal_.empty()) return report(refusal_);
  report(is_done ? "" : error_of(end));
}

void ParseJob::report(const std::string& error) {
  keep_alive_.reset();
  agentrpc::ParseResult parsed;
  parsed.set_parse_id(request_.parse_id());
  parsed.set_asked_supervisor(asked_supervisor_);
  const auto duration = std::chrono::steady_clock::now() - begun_;
  parsed.set_duration_microseconds(std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
  parsed.set_error(error);
  parsed.set_result(std::move(result_));
  world_.on_parsed(std::move(parsed));
}

std::string ParseJob::error_of(const ProcessEnd& end) const {
  const std::string& file = request_.file();
  if (end.never_ran) return "the project's Python cannot be started; the agent's log says why";
  if (is_too_slow_) {
    return fmt::format("DagBag import timeout: parsing '{}' took longer than {:g} s", file,
                       request_.timeout_ms() / 1000.0);
  }
  std::string text;
  if (!end.is_known) {
    text = fmt::format("the process that parsed '{}' is gone", file);
  } else if (end.signal != 0) {
    text = fmt::format("the process that parsed '{}' was killed by SIG{}{}", file, ::sigabbrev_np(end.signal),
                       end.signal == SIGKILL ? ": possibly out of memory" : "");
  } else {
    text = fmt::format("parsing '{}' ended the process with exit code {}: does the file call sys.exit()?",
                       file, end.exit_code);
  }
  const std::string output = shown_output();
  if (!output.empty()) text += "\nIts last output:\n" + output;
  return text;
}

std::string ParseJob::shown_output() const {
  // First of all, or a part of a secret could be left.
  const std::string masked = dialogue_->masker().mask(to_valid_utf8(last_output_));
  std::string_view tail = trim(masked);
  if (tail.size() > kMaxShownOutput) tail.remove_prefix(tail.size() - kMaxShownOutput);
  return to_valid_utf8(tail);
}

}  // namespace leoflow::agent
