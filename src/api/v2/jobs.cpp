#include <algorithm>
#include <fmt/format.h>
#include <functional>

#include "api/core/page.hpp"
#include "api/resources.hpp"

/// Leoflow has no rows of jobs: they are the parts of it that live now.
namespace leoflow::api {

namespace {

struct Job {
  std::int64_t id = 0;
  Process process;
};

// None has ended: all will later. Like Select::open_range().
bool may_end_in_time(const gen::GetJobsParams& params, Time now) {
  return (!params.end_date_lte || now <= *params.end_date_lte) &&
         (!params.end_date_lt || now < *params.end_date_lt);
}

bool is_wanted(const Process& job, const gen::GetJobsParams& params) {
  const auto is = [](const std::optional<std::string>& wanted, const std::optional<std::string>& value) {
    return !wanted || wanted == value;
  };
  const Time start = job.start_date;
  return is(params.job_state, "running") && is(params.job_type, job.job_type) &&
         is(params.hostname, job.hostname) && (!params.start_date_gte || start >= *params.start_date_gte) &&
         (!params.start_date_gt || start > *params.start_date_gt) &&
         (!params.start_date_lte || start <= *params.start_date_lte) &&
         (!params.start_date_lt || start < *params.start_date_lt);
}

using Order = bool (*)(const Job&, const Job&);

template <auto Field>
bool by(const Job& a, const Job& b) {
  return std::invoke(Field, a.process) < std::invoke(Field, b.process);
}

bool all_alike(const Job&, const Job&) {
  return false;
}

/// Null for a name that is none to order by.
Order find_order(std::string_view name) {
  if (name == "id") return [](const Job& a, const Job& b) { return a.id < b.id; };
  if (name == "job_type") return by<&Process::job_type>;
  if (name == "start_date") return by<&Process::start_date>;
  if (name == "latest_heartbeat") return by<&Process::latest_heartbeat>;
  if (name == "hostname") return by<&Process::hostname>;
  if (name == "unixname") return by<&Process::unixname>;
  if (name == "dag_id" || name == "state" || name == "end_date" || name == "executor_class") return all_alike;
  return nullptr;
}

Result<void> sort(std::vector<Job>& jobs, const std::vector<std::string>& order_by) {
  // Those that are alike stay in the order of their ids, in the direction of the first name.
  if (!order_by.empty() && order_by.front().starts_with('-')) std::ranges::reverse(jobs);
  // The first name counts most, so it sorts last.
  for (auto it = order_by.rbegin(); it != order_by.rend(); ++it) {
    std::string_view name = *it;
    const bool descending = name.starts_with('-');
    if (descending) name.remove_prefix(1);
    const Order order = find_order(name);
    if (order == nullptr) {
      return fail(
          ErrorCode::invalid,
          fmt::format("Ordering with '{}' is disallowed or the attribute does not exist on the model", name));
    }
    std::ranges::stable_sort(
        jobs, [=](const Job& a, const Job& b) { return descending ? order(b, a) : order(a, b); });
  }
  return {};
}

gen::JobResponse row_of(const Job& job) {
  gen::JobResponse row;
  row.id = job.id;
  row.state = "running";
  row.job_type = job.process.job_type;
  row.start_date = job.process.start_date;
  row.latest_heartbeat = job.process.latest_heartbeat;
  row.hostname = job.process.hostname;
  row.unixname = job.process.unixname;
  return row;
}

Result<Answer> get_jobs(Call& call, const gen::GetJobsParams& params) {
  std::vector<Job> jobs;
  std::int64_t id = 0;
  for (Process& process : call.api.around.processes()) {
    ++id;
    // None has one executor, there may be several.
    if (!params.executor_class && may_end_in_time(params, call.now()) && is_wanted(process, params))
      jobs.push_back({id, std::move(process)});
  }
  if (const auto sorted = sort(jobs, params.order_by); !sorted) return std::unexpected(sorted.error());
  gen::JobCollectionResponse list;
  list.total_entries = static_cast<std::int64_t>(jobs.size());
  for (const Job& job : page_of(std::span(jobs), params.limit, params.offset)) {
    // As in Airflow, this one filters what is on the page, and the total does not know.
    if (!params.is_alive || *params.is_alive == job.process.is_alive(call.now()))
      list.jobs.push_back(row_of(job));
  }
  return ok(list);
}

}  // namespace

void bind_jobs(Registry& registry) {
  registry.bind<op::get_jobs>(get_jobs);
}

}  // namespace leoflow::api
