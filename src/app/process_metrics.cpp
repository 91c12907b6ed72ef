#include "app/process_metrics.hpp"

#include <charconv>
#include <filesystem>
#include <sys/resource.h>
#include <unistd.h>

#include "base/spawn.hpp"
#include "base/text.hpp"

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

double number(std::string_view text) {
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// The pages of /proc/self/statm: virtual, resident.
std::pair<double, double> memory_bytes() {
  const auto fields = split(read_file("/proc/self/statm").value_or(""), ' ');
  if (fields.size() < 2) return {};
  const auto page = static_cast<double>(::sysconf(_SC_PAGESIZE));
  return {number(fields[0]) * page, number(fields[1]) * page};
}

double open_descriptors() {
  std::error_code error;
  const auto entries = std::filesystem::directory_iterator("/proc/self/fd", error);
  // One of them is the reading itself.
  return static_cast<double>(std::distance(begin(entries), end(entries)) - 1);
}

/// Seconds since 1970: that of the boot, and the ticks from then.
double start_time() {
  double boot = 0;
  for (const std::string& line : split(read_file("/proc/stat").value_or(""), '\n')) {
    if (line.starts_with("btime ")) boot = number(std::string_view(line).substr(6));
  }
  return boot + number(start_ticks(::getpid())) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace

void write_process(metrics::Page& page) {
  const auto [virtual_bytes, resident_bytes] = memory_bytes();
  page.only("process_cpu_seconds_total", "counter", "CPU time of the control plane.", cpu_seconds());
  page.only("process_resident_memory_bytes", "gauge", "Memory of the control plane that is in RAM.",
            resident_bytes);
  page.only("process_virtual_memory_bytes", "gauge", "Address space of the control plane.", virtual_bytes);
  page.only("process_open_fds", "gauge", "Open file descriptors of the control plane.", open_descriptors());
  page.only("process_start_time_seconds", "gauge", "When the control plane started, since 1970.",
            start_time());
  page.family("leoflow_build_info", "gauge", "Always 1; which version it is.");
  page.sample(1, {{"version", LEOFLOW_VERSION}});
}

}  // namespace leoflow::app
