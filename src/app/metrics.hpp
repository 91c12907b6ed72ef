#pragma once

#include "api/api.hpp"
#include "app/campaign.hpp"
#include "engine/engine.hpp"
#include "executor/kubernetes/kubernetes_executor.hpp"
#include "fleet/fleet.hpp"
#include "http/message.hpp"
#include "redis/client.hpp"
#include "tasks/task_service.hpp"
#include "tracing/exporter.hpp"

namespace leoflow::app {

/// Whose metrics there are.
struct Measured {
  engine::Engine& engine;
  fleet::Fleet& fleet;
  const tasks::TaskService& tasks;
  const api::Api& api;
  const tracing::Exporter* spans;      ///< null if there are no traces
  executor::KubernetesExecutor* pods;  ///< null if there are no pods
  const Campaign* campaign;            ///< null if there are no replicas
  const fleet::LogSpool* logs;         ///< null if logs are kept in a folder
  redis::Client* redis;                ///< null if there is none
};

/// GET /metrics in Prometheus' text form; 404 for everything else. docs/metrics.md has the table of all.
http::Response metrics_page(const http::Request& request, const Measured& measured);

}  // namespace leoflow::app
