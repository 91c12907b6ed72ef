#include <algorithm>

#include "base/log.hpp"
#include "fleet/fleet.hpp"
#include "tasks/startup_details.hpp"

// Triggers of deferred task instances: an agent runs each in Python.
namespace leoflow::fleet {

void Fleet::start_trigger(const engine::TriggerSpec& spec) {
  if (const std::string lack = lack_of(spec.home); !lack.empty()) {
    engine::TriggerResult failed;
    failed.next_method = "__fail__";
    failed.next_kwargs = json::serialize(json::object{{"error", lack}});
    return engine_->trigger_fired(spec.id, std::move(failed), [] {});
  }
  Trigger trigger;
  trigger.home = spec.home;
  trigger.behalf = {spec.id, spec.dag_id};
  trigger.log_name = log_name(spec);
  agentrpc::RunTrigger& request = trigger.request;
  request.set_trigger_id(spec.id.text());
  request.set_classpath(spec.classpath);
  request.set_kwargs(tasks_->open_kwargs(spec.kwargs));
  request.set_next_kwargs(spec.next_kwargs);
  request.set_task_instance(json::serialize(tasks::task_instance_of(spec)));
  request.set_deadline(spec.deadline ? to_micros(*spec.deadline) : 0);
  request.set_bundle_path(spec.home.bundle_path);
  request.set_rendering(tasks::rendering_of(spec));
  if (logs_ == nullptr) {
    request.set_log_path(log_path(spec));
    return add_trigger(std::move(trigger));
  }
  request.set_sends_log(true);
  trigger.knows_log = false;
  add_trigger(std::move(trigger));
  logs_->begin(spec.id, log_name(spec), true, [this, id = spec.id](std::uint64_t kept) {
    const std::lock_guard lock(mutex_);
    const auto found = triggers_.find(id.text());
    if (found == triggers_.end()) return;  // nobody waits for it any more
    found->second.knows_log = true;
    found->second.log_offset = kept;
    send_triggers();
  });
}

void Fleet::start_watcher(const engine::WatcherSpec& spec) {
  if (const std::string lack = lack_of(spec.home); !lack.empty())
    return log::error("what DAG '{}' watches is not watched: {}", spec.dag_id, lack);
  Trigger trigger;
  trigger.home = spec.home;
  trigger.behalf = {Uuid{}, spec.dag_id};
  trigger.request.set_trigger_id(spec.id.text());
  trigger.request.set_classpath(spec.classpath);
  trigger.request.set_kwargs(spec.kwargs);
  trigger.request.set_bundle_path(spec.home.bundle_path);
  trigger.request.set_is_watcher(true);
  add_trigger(std::move(trigger));
}

void Fleet::add_trigger(Trigger trigger) {
  const std::lock_guard lock(mutex_);
  trigger.waits_since = clock_.now();
  std::string id = trigger.request.trigger_id();
  triggers_.insert_or_assign(std::move(id), std::move(trigger));
  send_triggers();
}

void Fleet::stop_trigger(const Uuid& id) {
  const std::lock_guard lock(mutex_);
  const auto found = triggers_.find(id.text());
  if (found == triggers_.end()) return;
  if (Agent* agent = found->second.sent_to == nullptr ? nullptr : placement_.find(found->second.sent_to)) {
    agentrpc::ServerMessage message;
    message.mutable_cancel_trigger()->set_trigger_id(found->first);
    agent->session->send(std::move(message));
  }
  end(found->second, found->first);
  triggers_.erase(found);
}

agentrpc::RunTrigger Fleet::request_of(const Trigger& trigger) const {
  agentrpc::RunTrigger request = trigger.request;
  // The log of the try goes on where it is now: another agent may have sent a part of it.
  if (request.sends_log())
    request.set_log_offset(std::max(trigger.log_offset, logs_->size(trigger.log_name)));
  return request;
}

void Fleet::send_triggers() {
  for (auto& [id, trigger] : triggers_) {
    if (trigger.sent_to != nullptr || !trigger.knows_log) continue;
    Agent* agent = placement_.host_of(trigger.home);
    if (agent == nullptr) {
      changed_.notify_all();
      continue;
    }
    give(*agent, trigger, id);
    agentrpc::ServerMessage message;
    *message.mutable_run_trigger() = request_of(trigger);
    agent->session->send(std::move(message));
  }
}

void Fleet::on_trigger(const std::shared_ptr<agentrpc::AgentSession>& session,
                       const agentrpc::TriggerReport& report) {
  const auto id = Uuid::parse(report.trigger_id());
  if (!id) return;
  const auto acknowledge = [session, trigger_id = report.trigger_id(), event_id = report.event_id()] {
    agentrpc::ServerMessage message;
    message.mutable_trigger_ack()->set_trigger_id(trigger_id);
    message.mutable_trigger_ack()->set_event_id(event_id);
    session->send(std::move(message));
  };
  if (!report.event_id().empty()) {
    return engine_->watcher_fired(*id, report.event_id(), report.payload(), acknowledge);
  }
  engine::TriggerResult result;
  result.next_method = report.next_method();
  result.next_kwargs = report.next_kwargs();
  result.end_state = report.end_state().empty() ? std::nullopt : dag::parse_task_state(report.end_state());
  result.xcoms.insert(report.xcoms().begin(), report.xcoms().end());
  engine_->trigger_fired(*id, std::move(result), acknowledge);
}

}  // namespace leoflow::fleet
