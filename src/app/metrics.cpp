#include "app/metrics.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "app/probes.hpp"
#include "app/process_metrics.hpp"

namespace leoflow::app {
namespace {

/// Names of pools are the users': more than these would make a page that nobody wants to scrape.
constexpr std::size_t kMostPools = 100;

void write_loop(metrics::Page& page, const engine::LoopMetrics& loop) {
  page.only("leoflow_scheduler_loop_duration_seconds", "histogram",
            "Time of a pass: deciding, storing and acting upon what has come in.", loop.passes);
  page.only("leoflow_scheduler_events_total", "counter", "Events and commands that passes dealt with.",
            loop.items);
  page.family("leoflow_scheduler_decisions_total", "counter", "What passes decided.");
  page.sample(loop.runs_created, {{"decision_type", "create_run"}});
  page.sample(loop.attempts_sent, {{"decision_type", "start_task"}});
  page.sample(loop.attempts_stopped, {{"decision_type", "stop_task"}});
  page.sample(loop.triggers_started, {{"decision_type", "start_trigger"}});
  page.sample(loop.callbacks, {{"decision_type", "run_callback"}});
  page.only("leoflow_store_commit_duration_seconds", "histogram",
            "Time of a group commit, with its writes and repetitions.", loop.commits);
  page.only("leoflow_store_commit_failures_total", "counter",
            "Commits that had to be repeated: the database was away.", loop.failed_commits);
}

void write_tasks(metrics::Page& page, const engine::LoopMetrics& loop) {
  page.family("leoflow_task_state_transitions_total", "counter", "Task instances that came into a state.");
  for (std::size_t i = 1; i < dag::kTaskStateCount; ++i) {
    page.sample(loop.entered[i], {{"state", to_text(static_cast<dag::TaskState>(i))}});
  }
  page.family("leoflow_task_duration_seconds", "histogram",
              "From start to end of tries, by the state at the end.");
  for (std::size_t i = 1; i < dag::kTaskStateCount; ++i) {
    if (!loop.task_durations[i].is_empty()) {
      page.sample(loop.task_durations[i], {{"state", to_text(static_cast<dag::TaskState>(i))}});
    }
  }
  page.only("leoflow_task_retries_total", "counter", "Tries that failed and are to be followed by another.",
            loop.retries);
  page.only("leoflow_dispatch_latency_seconds", "histogram",
            "From when a task instance may run to when it is sent to an agent.", loop.dispatch);
  page.only("leoflow_task_start_latency_seconds", "histogram",
            "From when a task instance is sent to an agent to when its process runs.", loop.start);
  page.family("leoflow_dag_run_duration_seconds", "histogram", "From start to end of DAG runs.");
  page.sample(loop.run_durations[0], {{"state", "success"}});
  page.sample(loop.run_durations[1], {{"state", "failed"}});
}

void write_state(metrics::Page& page, engine::LoopState state) {
  page.only("leoflow_scheduler_queue_depth", "gauge", "Events and commands that wait for the next pass.",
            static_cast<double>(state.queued_items));
  page.family("leoflow_active_dag_runs", "gauge", "DAG runs that have not ended.");
  page.sample(static_cast<double>(state.queued_runs), {{"state", "queued"}});
  page.sample(static_cast<double>(state.running_runs), {{"state", "running"}});
  std::size_t waiting = 0;
  for (const auto& pool : state.pools) waiting += pool.waiting;
  page.only("leoflow_queued_tasks", "gauge",
            "Task instances that may run and wait for a slot of a pool or an agent.",
            static_cast<double>(waiting));
  page.only("leoflow_active_tasks", "gauge", "Task instances that are with an agent.",
            static_cast<double>(state.active_attempts));
  page.only("leoflow_deferred_tasks", "gauge", "Task instances that wait for a trigger or a person.",
            static_cast<double>(state.parked));
  std::ranges::sort(state.pools, {}, &engine::LoopState::Pool::name);
  if (state.pools.size() > kMostPools) state.pools.resize(kMostPools);
  page.family("leoflow_pool_slots", "gauge", "Slots of a pool, in all; negative: no limit.");
  for (const auto& pool : state.pools) page.sample(pool.slots, {{"pool", pool.name}});
  page.family("leoflow_pool_occupied_slots", "gauge", "Slots of a pool that are taken.");
  for (const auto& pool : state.pools) page.sample(pool.occupied, {{"pool", pool.name}});
  page.family("leoflow_pool_waiting_tasks", "gauge", "Task instances that may run and wait, by their pool.");
  for (const auto& pool : state.pools) page.sample(static_cast<double>(pool.waiting), {{"pool", pool.name}});
}

void write_fleet(metrics::Page& page, const fleet::FleetState& state, const fleet::FleetMetrics& fleet) {
  page.only("leoflow_agents", "gauge", "Agents that are connected.", static_cast<double>(state.agents));
  page.only("leoflow_agent_slots", "gauge", "Attempts that the connected agents can run at a time.",
            state.slots);
  page.only("leoflow_free_slots", "gauge", "Attempts that the connected agents can take now.",
            state.free_slots);
  page.only("leoflow_agents_lost_total", "counter", "Connections of agents that ended.", fleet.lost_agents);
  page.only("leoflow_triggers", "gauge", "Triggers that agents run.", static_cast<double>(state.triggers));
  page.only("leoflow_python_queue_depth", "gauge",
            "Files to parse and questions that Python has not answered yet.",
            static_cast<double>(state.waiting_questions));
  page.family("leoflow_parse_duration_seconds", "histogram",
              "Time to parse a DAG file; failed: without any result, in time.");
  page.sample(fleet.parsed, {{"outcome", "parsed"}});
  page.sample(fleet.failed_parses, {{"outcome", "failed"}});
}

void write_pods(metrics::Page& page, executor::KubernetesExecutor& pods) {
  const executor::KubernetesMetrics& told = pods.metrics();
  page.only("leoflow_pods", "gauge", "Pods that take a slot.", static_cast<double>(pods.pods()));
  page.only("leoflow_pods_created_total", "counter", "Pods that the API server took.", told.created_pods);
  page.only("leoflow_idle_warm_pods", "gauge", "Pods that have stayed and wait for another attempt.",
            static_cast<double>(pods.idle_pods()));
  page.only("leoflow_pods_reused_total", "counter", "Times that a pod that has stayed got another attempt.",
            told.reused_pods);
  page.only("leoflow_pods_lost_total", "counter", "Pods whose attempts did not end by themselves.",
            told.lost_pods);
  page.only("leoflow_kubernetes_refusals_total", "counter",
            "Requests that the API server refused or did not answer.", told.refusals);
  page.family("leoflow_pod_creation_duration_seconds", "histogram", "The API server's answer to a new pod.");
  page.sample(told.creation);
}

void write_leadership(metrics::Page& page, const Campaign& campaign) {
  page.only("leoflow_leader", "gauge", "1 if this replica leads.", campaign.leads() ? 1 : 0);
  page.only("leoflow_leader_epoch", "gauge", "The last election that this replica won; 0: none.",
            static_cast<double>(campaign.epoch()));
}

void write_logs(metrics::Page& page, const fleet::LogSpool* spool) {
  static const fleet::LogSpoolMetrics kNone{};
  const auto& told = spool != nullptr ? spool->metrics() : kNone;
  page.only("leoflow_logs_stored_total", "counter", "Logs that the object store has taken.", told.stored);
  page.only("leoflow_log_store_failures_total", "counter",
            "Requests for logs that the object store refused or did not answer.", told.failures);
  page.only("leoflow_logs_waiting", "gauge", "Logs that wait to be stored.",
            spool != nullptr ? static_cast<double>(spool->waiting()) : 0.0);
}

void write_redis(metrics::Page& page, redis::Client& redis) {
  page.only("leoflow_redis_up", "gauge", "1 if Redis answers.", redis.is_up() ? 1 : 0);
  page.only("leoflow_redis_failures_total", "counter", "Requests that Redis refused or did not answer.",
            redis.failures());
}

void write_requests(metrics::Page& page, const tasks::TaskService& tasks) {
  page.family("leoflow_task_requests_total", "counter",
              "What tasks asked, by the SDK's name of the request.");
  std::map<std::string_view, const metrics::Counter*> in_order;
  for (const auto& [type, counter] : tasks.asked()) in_order.emplace(type, &counter);
  for (const auto& [type, counter] : in_order) {
    if (counter->value() > 0) page.sample(*counter, {{"request", type}});
  }
}

void write_api(metrics::Page& page, const api::ApiMetrics& api) {
  constexpr std::array<std::string_view, 5> kClasses{"1xx", "2xx", "3xx", "4xx", "5xx"};
  page.family("leoflow_http_requests_total", "counter", "Requests, by operation and class of the status.");
  for (std::size_t i = 0; i < api::ApiMetrics::kCount; ++i) {
    for (std::size_t digit = 0; digit < kClasses.size(); ++digit) {
      const metrics::Counter& answers = api.operation(i).answers[digit];
      if (answers.value() > 0) {
        page.sample(answers, {{"operation", api::ApiMetrics::name(i)}, {"status", kClasses[digit]}});
      }
    }
  }
  page.family("leoflow_http_request_duration_seconds", "histogram",
              "Time to make the answer of a request; of a stream, its beginning.");
  for (std::size_t i = 0; i < api::ApiMetrics::kCount; ++i) {
    const metrics::Histogram& durations = api.operation(i).durations;
    if (!durations.is_empty()) page.sample(durations, {{"operation", api::ApiMetrics::name(i)}});
  }
  page.family("leoflow_auth_failures_total", "counter", "Requests that were refused for who sent them.");
  page.sample(api.wrong_passwords, {{"reason", "password"}});
  page.sample(api.too_many_tries, {{"reason", "too_many_tries"}});
  page.sample(api.bad_tokens, {{"reason", "token"}});
  page.sample(api.forbidden, {{"reason", "role"}});
}

void write_spans(metrics::Page& page, const tracing::Exporter* spans) {
  page.family("leoflow_trace_spans_exported_total", "counter", "Spans that the collector has taken.");
  if (spans != nullptr) page.sample(spans->metrics().exported);
  page.family("leoflow_trace_spans_dropped_total", "counter", "Spans that are lost: too many, or refused.");
  if (spans == nullptr) return;
  page.sample(spans->metrics().too_many, {{"reason", "too_many"}});
  page.sample(spans->metrics().refused, {{"reason", "refused"}});
}

}  // namespace

http::Response metrics_page(const http::Request& request, const Measured& measured) {
  // Here, where nothing waits for the database: what takes long elsewhere does not look like death.
  if (request.path == "/healthz") return alive();
  if (request.path != "/metrics") return http::error_response(404, "only /metrics is here");
  metrics::Page page;
  write_loop(page, measured.engine.metrics());
  write_tasks(page, measured.engine.metrics());
  write_state(page, measured.engine.state());
  write_fleet(page, measured.fleet.state(), measured.fleet.metrics());
  if (measured.pods != nullptr) write_pods(page, *measured.pods);
  if (measured.pods != nullptr) write_logs(page, measured.logs);
  if (measured.redis != nullptr) write_redis(page, *measured.redis);
  if (measured.campaign != nullptr) write_leadership(page, *measured.campaign);
  write_requests(page, measured.tasks);
  write_api(page, measured.api.metrics());
  write_spans(page, measured.spans);
  write_process(page);
  http::Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = page.text();
  return response;
}

}  // namespace leoflow::app
