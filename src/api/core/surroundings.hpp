#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/trace.hpp"
#include "http/message.hpp"
#include "objects/object_store.hpp"
#include "redis/client.hpp"

namespace leoflow::api {

/// A part of Leoflow that does what a process of Airflow's does there.
struct Process {
  std::string job_type;  ///< "SchedulerJob", "DagProcessorJob" or "TriggererJob"
  std::string hostname;
  std::string unixname;
  Time start_date;
  Time latest_heartbeat;

  bool is_alive(Time now) const { return now - latest_heartbeat < std::chrono::seconds{30}; }
};

/// What the API asks of the rest of the process. All of it is used by several threads at a time.
struct Surroundings {
  std::function<std::vector<Process>()> processes = [] { return std::vector<Process>(); };
  /// Has the applications of plugins answer a request.
  std::function<http::Response(const http::Request&)> plugin_apps = [](const http::Request&) {
    return http::error_response(404, "Not Found");
  };
  /// Has another replica answer what this one cannot; nothing if this one leads.
  std::function<std::optional<http::Response>(const http::Request&)> leader = [](const http::Request&) {
    return std::optional<http::Response>();
  };
  /// Whether this replica leads; always where there is but one.
  std::function<bool()> leads = [] { return true; };
  std::shared_ptr<objects::ObjectStore> log_store;  ///< null: logs are kept in a folder
  std::shared_ptr<redis::Client> redis;             ///< null: replicas share the database alone
  trace::Tracer* tracer = nullptr;                  ///< where spans of requests go; null for nowhere
};

}  // namespace leoflow::api
