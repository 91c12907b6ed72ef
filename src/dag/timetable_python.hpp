#pragma once

#include "dag/timetable.hpp"

namespace leoflow::dag {

/// A timetable of the user's own. What it is called and what it is like was found out when
/// its DAG was parsed (leoflow_worker/custom_classes.py) and stands beside its JSON in `__facts`.
class PythonTimetable final : public Timetable {
 public:
  explicit PythonTimetable(json::value encoded);

  std::optional<RunInfo> next(const std::optional<RunInfo>&, const Restriction&, Time) const override {
    return std::nullopt;
  }
  DataInterval manual_interval(Time run_after) const override { return {run_after, run_after}; }
  std::string summary() const override { return summary_; }
  std::string description() const override { return description_; }
  bool periodic() const override { return is_periodic_; }
  std::optional<int> active_runs_limit() const override { return active_runs_limit_; }
  const json::value* python() const override { return &encoded_; }
  bool partitioned() const override { return is_partitioned_; }
  bool partitioned_at_runtime() const override { return is_partitioned_at_runtime_; }

 private:
  json::value encoded_;
  std::string summary_;
  std::string description_;
  bool is_periodic_;
  std::optional<int> active_runs_limit_;
  bool is_partitioned_;
  bool is_partitioned_at_runtime_;
};

}  // namespace leoflow::dag
