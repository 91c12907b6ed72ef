#include "agent/trigger_host.hpp"

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <set>
#include <signal.h>
#include <unistd.h>

#include "agent/log_file.hpp"
#include "base/json.hpp"
#include "base/log.hpp"

namespace leoflow::agent {
namespace {

using boost::system::error_code;

constexpr std::chrono::milliseconds kFirstHostBackoff{200};
constexpr std::chrono::milliseconds kLastHostBackoff{10'000};
/// Without triggers the process is not kept longer.
constexpr std::chrono::seconds kIdleHostLimit{60};

/// For the last lines of a trigger, which come over another socket than its event.
constexpr std::chrono::milliseconds kLastLines{100};
/// A task goes on also when its log cannot be kept.
constexpr std::chrono::seconds kMostPatienceWithLog{10};

/// One write, so that lines of several processes do not mix.
void append_line(const std::string& path, std::string_view line) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640));
  if (file.get() < 0) return;
  const std::string whole = std::string(line) + "\n";
  if (::write(file.get(), whole.data(), whole.size()) < 0) {
    log::warning("cannot append to the log '{}'", path);
  }
}

}  // namespace

TriggerHost::TriggerHost(boost::asio::io_context& loop, PythonPool& pool, RequestBook& book,
                         LogShipper& shipper, Send send)
    : loop_(loop),
      pool_(pool),
      book_(book),
      shipper_(shipper),
      send_(std::move(send)),
      files_(loop, [this](const std::string& id) { file_found(id); }),
      restart_timer_(loop),
      idle_timer_(loop) {}

void TriggerHost::run(const agentrpc::RunTrigger& trigger) {
  const std::string& id = trigger.trigger_id();
  if (triggers_.contains(id) || endings_.contains(id) || has_reported(id) || is_leaving_ ||
      trigger.if_running())
    return;
  triggers_.emplace(id, trigger);
  if (trigger.sends_log()) begin_log(trigger);
  if (auto file = as_file_trigger(trigger)) return files_.add(id, std::move(*file));
  idle_timer_.cancel();
  if (child_) return tell_run(trigger);
  if (!is_restart_due_) start_process();
}

void TriggerHost::begin_log(const agentrpc::RunTrigger& trigger) {
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(trigger.log_path()).parent_path(), ignored);
  // Of an earlier time that it ran here, which the control plane has.
  std::filesystem::remove(trigger.log_path(), ignored);
  shipper_.add(trigger.trigger_id(), trigger.log_path(), trigger.log_offset(), true);
}

void TriggerHost::forget(const std::string& trigger_id) {
  std::erase_if(reports_, [&](const auto& entry) { return entry.first.first == trigger_id; });
  endings_.erase(trigger_id);
  book_.forget(asker_of_trigger(trigger_id));
}

void TriggerHost::cancel(const std::string& trigger_id, bool is_users) {
  forget(trigger_id);
  shipper_.finish(trigger_id);
  if (triggers_.erase(trigger_id) == 0 || files_.remove(trigger_id)) return;
  if (child_) {
    const json::object body{{"type", "CancelTrigger"}, {"trigger_id", trigger_id}, {"user_action", is_users}};
    child_->send(encode_response(-1, json::serialize(body), ""));
  }
  if (!needs_python()) end_when_idle();
}

void TriggerHost::welcomed(const std::vector<agentrpc::RunTrigger>& triggers) {
  std::set<std::string> wanted;
  for (const agentrpc::RunTrigger& trigger : triggers) wanted.insert(trigger.trigger_id());
  std::set<std::string> unwanted;
  const auto look_at = [&](const std::string& id) {
    if (!wanted.contains(id)) unwanted.insert(id);
  };
  for (const auto& [id, trigger] : triggers_) look_at(id);
  for (const auto& [id, ending] : endings_) look_at(id);
  for (const auto& [key, report] : reports_) look_at(key.first);
  // First: the control plane takes nothing of what it does not want.
  for (const std::string& id : unwanted) shipper_.drop(id);
  for (const std::string& id : unwanted) cancel(id, false);
  for (const auto& [id, report] : reports_) {
    agentrpc::AgentMessage message;
    *message.mutable_trigger() = report;
    send_(std::move(message));
  }
  for (const agentrpc::RunTrigger& trigger : triggers) run(trigger);
}

void TriggerHost::shut_down() {
  is_leaving_ = true;
  restart_timer_.cancel();
  idle_timer_.cancel();
  if (child_) child_->signal(SIGTERM);
}

void TriggerHost::start_process() {
  child_ = pool_.take_trigger_child();
  if (!child_) return start_process_later();
  dialogue_ = std::make_shared<SdkDialogue>(
      book_, "triggers", child_, [this](const SdkRequestFrame& asked) { return note_request(asked); });
  dialogue_->on_denied([this](const std::string& asker, const std::string& why) {
    for (const auto& [id, trigger] : triggers_) {
      if (asker != asker_of_trigger(id)) continue;
      const std::string path = log_path_of(id);
      path.empty() ? log::warning("trigger {}: {}", id, why)
                   : append_line(path, agent::log_line("error", "leoflow.agent", why));
    }
  });
  dialogue_->begin({}, R"({"type":"StartTriggerHost"})");
  child_->assign(*this);
  for (const auto& [id, trigger] : triggers_) {
    if (!as_file_trigger(trigger)) tell_run(trigger);
  }
}

void TriggerHost::start_process_later() {
  backoff_ = std::clamp(backoff_ * 2, kFirstHostBackoff, kLastHostBackoff);
  restart_timer_.expires_after(backoff_);
  is_restart_due_ = true;
  restart_timer_.async_wait([this](error_code error) {
    is_restart_due_ = false;
    if (!error && !child_ && needs_python() && !is_leaving_) start_process();
  });
}

void TriggerHost::end_when_idle() {
  idle_timer_.expires_after(kIdleHostLimit);
  idle_timer_.async_wait([this](error_code error) {
    if (!error && child_ && !needs_python()) child_->signal(SIGTERM);
  });
}

void TriggerHost::tell_run(const agentrpc::RunTrigger& trigger) {
  const auto parsed = [](const std::string& text) { return parse_json(text).value_or(json::object()); };
  const json::object body{{"type", "RunTrigger"},
                          {"trigger_id", trigger.trigger_id()},
                          {"classpath", trigger.classpath()},
                          {"kwargs", parsed(trigger.kwargs())},
                          {"next_kwargs", parsed(trigger.next_kwargs())},
                          {"ti", parsed(trigger.task_instance())},
                          {"deadline", trigger.deadline()},
                          {"bundle_path", trigger.bundle_path()},
                          {"is_watcher", trigger.is_watcher()},
                          {"rendering", parsed(trigger.rendering())}};
  child_->send(encode_response(-1, json::serialize(body), ""));
}

void TriggerHost::on_request(std::string payload) {
  dialogue_->serve(payload);
}

bool TriggerHost::note_request(const SdkRequestFrame& request) {
  if (request.type != "TriggerReport") return false;
  backoff_ = {};
  agentrpc::TriggerReport said;
  said.set_trigger_id(get_text(request.body, "trigger_id"));
  said.set_next_method(get_text(request.body, "next_method"));
  said.set_end_state(get_text(request.body, "end_state"));
  said.set_event_id(get_text(request.body, "event_id"));
  if (const json::value* payload = find(request.body, "payload")) said.set_payload(json::serialize(*payload));
  const json::value* next_kwargs = find(request.body, "next_kwargs");
  said.set_next_kwargs(next_kwargs == nullptr ? "{}" : json::serialize(*next_kwargs));
  if (const json::value* xcoms = find(request.body, "xcoms"); xcoms != nullptr && xcoms->is_object()) {
    for (const auto& [key, value] : xcoms->get_object()) {
      (*said.mutable_xcoms())[std::string(key)] = json::serialize(value);
    }
  }
  report(std::move(said));
  return true;
}

void TriggerHost::report(agentrpc::TriggerReport said) {
  const std::string id = said.trigger_id();
  const auto found = triggers_.find(id);
  if (found == triggers_.end()) return;
  const bool goes_on = !said.event_id().empty();
  if (goes_on) return send_report(std::move(said));
  const agentrpc::RunTrigger trigger = std::move(found->second);
  triggers_.erase(found);
  book_.forget(asker_of_trigger(id));
  if (!needs_python()) end_when_idle();
  trigger.sends_log() ? report_after_log(trigger, std::move(said)) : send_report(std::move(said));
}

void TriggerHost::report_after_log(agentrpc::RunTrigger trigger, agentrpc::TriggerReport said) {
  const std::string id = said.trigger_id();
  Ending ending{std::move(trigger), std::move(said), boost::asio::steady_timer(loop_)};
  boost::asio::steady_timer& timer = endings_.emplace(id, std::move(ending)).first->second.timer;
  timer.expires_after(kLastLines);
  timer.async_wait([this, id, &timer](error_code error) {
    if (error) return;
    timer.expires_after(kMostPatienceWithLog);
    timer.async_wait([this, id](error_code late) {
      if (!late) log_kept(id);
    });
    shipper_.finish(id);
  });
}

void TriggerHost::log_kept(const std::string& id) {
  const auto ending = endings_.find(id);
  if (ending == endings_.end()) return;
  const std::string path = ending->second.trigger.log_path();
  agentrpc::TriggerReport said = std::move(ending->second.report);
  endings_.erase(ending);
  if (!shipper_.has(id)) ::unlink(path.c_str());
  send_report(std::move(said));
}

void TriggerHost::send_report(agentrpc::TriggerReport said) {
  agentrpc::AgentMessage message;
  *message.mutable_trigger() = said;
  reports_[{said.trigger_id(), said.event_id()}] = std::move(said);
  send_(std::move(message));
}

void TriggerHost::file_found(const std::string& trigger_id) {
  const auto trigger = triggers_.find(trigger_id);
  if (trigger == triggers_.end()) return;
  json::value next_kwargs = parse_json(trigger->second.next_kwargs()).value_or(json::object());
  if (!next_kwargs.is_object()) next_kwargs = json::object();
  next_kwargs.get_object()["event"] = true;
  agentrpc::TriggerReport said;
  said.set_trigger_id(trigger_id);
  said.set_next_kwargs(json::serialize(next_kwargs));
  report(std::move(said));
}

void TriggerHost::on_output(OutputStream stream, std::string_view bytes) {
  splitters_[static_cast<int>(stream)].feed(
      bytes, [this](std::string_view line, std::size_t cut) { log_line(line, cut); });
}

std::string TriggerHost::log_path_of(const std::string& trigger_id) const {
  if (const auto found = triggers_.find(trigger_id); found != triggers_.end())
    return found->second.log_path();
  const auto ending = endings_.find(trigger_id);
  return ending == endings_.end() ? "" : ending->second.trigger.log_path();
}

void TriggerHost::log_line(std::string_view line, std::size_t cut) {
  auto parsed = parse_json(line);
  const std::string path = log_path_of(parsed ? get_text(*parsed, "trigger_id") : "");
  if (path.empty()) {
    if (line.empty()) return;
    return log::info("trigger host: {}{}", dialogue_->masker().mask(line), cut_note(cut));
  }
  // Value by value: as JSON a secret may be written otherwise.
  dialogue_->masker().mask(*parsed);
  append_line(path, json::serialize(*parsed));
}

void TriggerHost::on_end(const ProcessEnd& end) {
  child_.reset();
  // What it had not finished is no beginning for the next one.
  for (LineSplitter& splitter : splitters_) splitter = {};
  book_.forget("triggers");
  for (const auto& [id, trigger] : triggers_) book_.forget(asker_of_trigger(id));
  if (!needs_python() || is_leaving_) return;
  log::error(
      "the trigger host ended with exit code {}, signal {}, while {} triggers waited; starting it again",
      end.exit_code, end.signal, triggers_.size() - files_.size());
  start_process_later();
}

}  // namespace leoflow::agent
