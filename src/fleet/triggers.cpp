#include "fleet/fleet.hpp"
#include "tasks/startup_details.hpp"

// Triggers of deferred task instances: an agent runs each in Python.
namespace leoflow::fleet {

void Fleet::start_trigger(const engine::TriggerSpec& spec) {
  agentrpc::RunTrigger request;
  request.set_trigger_id(spec.id.text());
  request.set_classpath(spec.classpath);
  request.set_kwargs(tasks_->open_kwargs(spec.kwargs));
  request.set_next_kwargs(spec.next_kwargs);
  request.set_task_instance(json::serialize(tasks::task_instance_of(spec)));
  request.set_deadline(spec.deadline ? to_micros(*spec.deadline) : 0);
  request.set_bundle_path(spec.bundle_path);
  request.set_log_path(log_path(spec));
  request.set_rendering(tasks::rendering_of(spec));
  add_trigger(std::move(request));
}

void Fleet::start_watcher(const engine::WatcherSpec& spec) {
  agentrpc::RunTrigger request;
  request.set_trigger_id(spec.id.text());
  request.set_classpath(spec.classpath);
  request.set_kwargs(spec.kwargs);
  request.set_bundle_path(spec.bundle_path);
  request.set_is_watcher(true);
  add_trigger(std::move(request));
}

void Fleet::add_trigger(agentrpc::RunTrigger request) {
  const std::lock_guard lock(mutex_);
  std::string id = request.trigger_id();
  triggers_.insert_or_assign(std::move(id), Trigger{std::move(request), nullptr});
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
  triggers_.erase(found);
}

void Fleet::send_triggers() {
  Agent* agent = placement_.any();
  if (agent == nullptr) return;
  for (auto& [id, trigger] : triggers_) {
    if (trigger.sent_to != nullptr) continue;
    trigger.sent_to = agent->session.get();
    agentrpc::ServerMessage message;
    *message.mutable_run_trigger() = trigger.request;
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
