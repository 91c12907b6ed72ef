#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"

/// When a run ought to be over, as its DAG says. Source: Airflow 3.3.2,
/// airflow/serialization/definitions/deadline.py.
namespace leoflow::dag {

struct DeadlineAlert {
  enum class Reference : std::uint8_t { fixed, logical_date, queued_at, average_runtime };
  std::optional<std::string> name;
  Reference reference = Reference::queued_at;
  std::string reference_type;  ///< as Airflow calls it
  Time fixed;                  ///< of `fixed`
  int max_runs = 10;           ///< of `average_runtime`: how many count, and how many there must be
  int min_runs = 10;
  std::optional<Duration> interval;  ///< from the reference on; absent if a variable has it
  std::string interval_variable;     ///< whose value is in seconds
  json::value callback;              ///< as the SDK serialized it
};

/// Reads a DAG's `deadline`. Errors: invalid, unsupported (a reference of the user's own).
Result<std::vector<DeadlineAlert>> read_deadlines(const json::value& encoded);

}  // namespace leoflow::dag
