#include "app/metrics.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

namespace leoflow::app {
namespace {

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

http::Response metrics_page(const http::Request& request, fleet::Fleet& fleet) {
  if (request.path != "/metrics") return http::error_response(404, "only /metrics is here");
  http::Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = fmt::format(
      "# HELP leoflow_free_slots Attempts that the connected agents can take now.\n"
      "# TYPE leoflow_free_slots gauge\n"
      "leoflow_free_slots {}\n"
      "# HELP process_cpu_seconds_total CPU time of the control plane.\n"
      "# TYPE process_cpu_seconds_total counter\n"
      "process_cpu_seconds_total {:.3f}\n",
      fleet.free_slots(), cpu_seconds());
  return response;
}

}  // namespace leoflow::app
