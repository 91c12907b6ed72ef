#pragma once

#include <optional>
#include <string_view>

#include "base/clock.hpp"
#include "dag/dag.hpp"

namespace leoflow::scheduler {

/// How long an attempt that failed waits for the next one. With exponential
/// backoff the delay is spread by a hash of the task instance, so that many
/// that fail together do not come back together; the same as Airflow's, to the
/// second. @param try_number of the attempt that failed.
/// Source: Airflow 3.3.2, TaskInstance.next_retry_datetime.
Duration retry_delay(std::string_view dag_id, const dag::Task& task, std::optional<Time> logical_date,
                     int try_number);

}  // namespace leoflow::scheduler
