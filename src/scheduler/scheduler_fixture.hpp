#pragma once

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "base/time_text.hpp"
#include "dag/setups.hpp"
#include "dag/timetable_trivial.hpp"
#include "scheduler/scheduler.hpp"

// What the scheduler's tests share: small graphs, and a scheduler with a clock of its own.
namespace leoflow::scheduler {
using namespace std::chrono_literals;

// testing::Test has a member of the name Run.
using DagRun = Run;

inline const Time kStart = *parse_iso("2026-01-01T00:00:00Z");

/// Builds small graphs: task("a").after("b", ...).
class DagBuilder {
 public:
  DagBuilder() {
    dag_->dag_id = "d";
    dag_->timetable = std::make_shared<dag::NullTimetable>();
  }
  dag::Task& task(const std::string& id, const std::vector<std::string>& upstream = {}) {
    const auto index = static_cast<TaskIndex>(dag_->tasks.size());
    dag_->index_by_id.emplace(id, index);
    dag_->tasks.emplace_back().task_id = id;
    for (const std::string& up : upstream) {
      const TaskIndex from = *dag_->find_task(up);
      dag_->tasks[index].upstream.push_back(from);
      dag_->tasks[from].downstream.push_back(index);
    }
    return dag_->tasks[index];
  }
  dag::Dag& properties() { return *dag_; }
  std::shared_ptr<const dag::Dag> build() {
    for (const dag::Task& task : dag_->tasks) dag_->depends_on_past |= task.depends_on_past;
    dag::connect_setups(*dag_);
    dag_->leaves = dag::effective_leaves(*dag_);
    return dag_;
  }

 private:
  std::shared_ptr<dag::Dag> dag_ = std::make_shared<dag::Dag>();
};

class SchedulerTest : public testing::Test {
 protected:
  SchedulerTest() {
    scheduler_.put_pool("default_pool", 128, false);
    scheduler_.set_free_slots(1000);
  }

  DagRun& run(DagBuilder& builder, const std::string& run_id = "r") {
    if (scheduler_.find_dag("d") == nullptr) {
      scheduler_.put_dag("d", "v1", builder.build(), false, std::nullopt, now_);
    }
    NewRun request;
    request.run_id = run_id;
    request.run_after = now_;
    request.logical_date = now_;
    DagRun* made = scheduler_.create_run("d", request, now_).value();
    step();
    return *made;
  }

  /// Dispatches, and "stores": the marks that say what is noted go away.
  void step() {
    scheduler_.dispatch(now_);
    Changes& changes = scheduler_.changes();
    changes.clear_marks();
    changes = {};
  }

  TaskState state(DagRun& run, const std::string& task_id) { return run.find(task_id, -1)->state; }
  Uuid attempt(DagRun& run, const std::string& task_id) { return run.find(task_id, -1)->id; }

  void report(DagRun& run, const std::string& task_id, Outcome outcome) {
    scheduler_.attempt_started(attempt(run, task_id), now_);
    EXPECT_TRUE(scheduler_.attempt_reported(attempt(run, task_id), outcome, now_)) << task_id;
    step();
  }

  Time now_ = kStart;
  std::uint64_t ids_ = 0;
  Scheduler scheduler_{[this](Time) {
    Uuid id;
    ++ids_;
    for (std::size_t i = 0; i < 8; ++i) id.bytes[8 + i] = static_cast<std::uint8_t>(ids_ >> (8 * i));
    return id;
  }};
};

}  // namespace leoflow::scheduler
