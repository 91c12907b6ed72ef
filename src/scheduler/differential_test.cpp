#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <map>

#include "base/json.hpp"
#include "dag/read_serialized.hpp"
#include "scheduler/scheduler.hpp"

// Random DAGs end as Airflow's own scheduler says they end: see tests/differential.
namespace leoflow::scheduler {
namespace {

using namespace std::chrono_literals;

/// The choices of a case, as tests/differential/airflow_answers.py makes them.
class Picks {
 public:
  explicit Picks(std::uint64_t seed) : state_(seed) {}
  std::size_t below(std::size_t count) {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<std::size_t>((state_ >> 33) % count);
  }

 private:
  std::uint64_t state_;
};

/// One case: a DAG, a script of what its task instances do, and how all ended in Airflow.
class Case {
 public:
  explicit Case(json::value answer)
      : answer_(std::move(answer)), picks_(static_cast<std::uint64_t>(get_integer(answer_, "seed", 0))) {}

  /// @returns what differs, "" if nothing does.
  std::string play() {
    const auto graph = dag::read_serialized(*find(answer_, "dag"));
    if (!graph) return graph.error().message;
    scheduler_.put_pool("default_pool", 1'000'000, false);
    scheduler_.put_dag((*graph)->dag_id, "v", *graph, false, std::nullopt, now_);
    const json::array& expected = find(answer_, "runs")->as_array();
    for (std::size_t i = 0; i < expected.size(); ++i) {
      NewRun request;
      request.run_id = fmt::format("r{}", i);
      request.logical_date = request.run_after = from_micros(static_cast<std::int64_t>(i) * 86'400'000'000);
      const auto run = scheduler_.create_run((*graph)->dag_id, std::move(request), now_);
      if (!run) return run.error().message;
      runs_.push_back(*run);
    }
    while (step()) {
    }
    std::string differences;
    for (std::size_t i = 0; i < runs_.size(); ++i) differences += compare(*runs_[i], expected[i]);
    return differences;
  }

 private:
  bool step() {
    scheduler_.set_free_slots(1'000'000);
    scheduler_.tick(now_);
    scheduler_.dispatch(now_);
    scheduler_.changes().clear_marks();
    scheduler_.changes() = {};
    std::map<std::tuple<std::string, std::string, int>, TaskRef> ready;
    for (Run* run : runs_) {
      for (std::uint32_t i = 0; i < run->tasks.size(); ++i) {
        const TaskRef ref{run, i};
        if (ref.ti().state == TaskState::queued) {
          ready[{run->run_id, ref.task().task_id, ref.ti().map_index}] = ref;
        }
      }
    }
    if (ready.empty()) return false;
    end(std::next(ready.begin(), static_cast<std::ptrdiff_t>(picks_.below(ready.size())))->second);
    return true;
  }

  void end(const TaskRef& ref) {
    const TaskInstance& ti = ref.ti();
    const Uuid id = ti.id;
    const std::string task_id = ref.task().task_id;
    scheduler_.attempt_started(id, now_);
    const json::array& ends = find(*find(answer_, "ends"), task_id)->as_array();
    const std::string script(
        ends[static_cast<std::size_t>(std::max(ti.map_index, 0)) % ends.size()].as_string());
    switch (script[std::min<std::size_t>(ti.try_number, script.size()) - 1]) {
      case 'k':
        scheduler_.attempt_reported(id, Outcome::skipped, now_);
        return;
      case 'f': {
        const bool may_retry = ref.task().retries > 0 && ti.try_number <= ti.max_tries;
        scheduler_.attempt_reported(id, may_retry ? Outcome::up_for_retry : Outcome::failed, now_);
        return;
      }
      default:
        succeed(ref, id, task_id);
    }
  }

  void succeed(const TaskRef& ref, const Uuid& id, const std::string& task_id) {
    PushedXcom pushed;
    const json::value* length = find(*find(answer_, "lengths"), task_id);
    if (length->is_int64()) pushed.map_length = static_cast<std::int32_t>(length->as_int64());
    if (const json::value* followed = find(*find(answer_, "followed"), task_id)) {
      pushed.skips = read_skips(json::object{{"followed", *followed}});
    }
    scheduler_.note_pushed(id, pushed);
    if (pushed.skips) {
      std::vector<std::pair<std::string, int>> skipped;
      for (const TaskIndex next : ref.task().downstream) {
        const std::string& below = ref.run->graph->tasks[next].task_id;
        if (pushed.skips->skips(below)) skipped.emplace_back(below, -1);
      }
      EXPECT_TRUE(scheduler_.skip_downstream(id, skipped, now_));
    }
    scheduler_.attempt_reported(id, Outcome::success, now_);
  }

  static std::string compare(const Run& run, const json::value& expected) {
    std::string out;
    if (to_text(run.state) != get_text(expected, "state")) {
      out += fmt::format("  {}: {} instead of {}\n", run.run_id, to_text(run.state),
                         get_text(expected, "state"));
    }
    std::map<std::string, std::string> mine;
    std::map<std::string, std::string> theirs;
    for (const TaskInstance& ti : run.tasks) {
      mine[fmt::format("{}[{}]", run.task_of(ti).task_id, ti.map_index)] =
          fmt::format("{} try {}", to_text(ti.state), ti.try_number);
    }
    for (const auto& [name, end] : find(expected, "tasks")->as_object()) {
      const json::array& pair = end.as_array();
      theirs[std::string(name)] = fmt::format(
          "{} try {}", pair[0].is_null() ? "" : std::string(pair[0].as_string()), pair[1].as_int64());
    }
    for (const auto& [name, end] : theirs) {
      const auto found = mine.find(name);
      if (found == mine.end()) {
        out += fmt::format("  {} {}: missing, should be {}\n", run.run_id, name, end);
      } else if (found->second != end) {
        out += fmt::format("  {} {}: {} instead of {}\n", run.run_id, name, found->second, end);
      }
    }
    for (const auto& [name, end] : mine) {
      if (!theirs.contains(name)) out += fmt::format("  {} {}: {}, should not be\n", run.run_id, name, end);
    }
    return out;
  }

  json::value answer_;
  Picks picks_;
  const Time now_ = from_micros(1'000'000'000'000'000);
  std::uint64_t ids_ = 0;
  Scheduler scheduler_{[this](Time) {
    Uuid id;
    ++ids_;
    for (std::size_t i = 0; i < 8; ++i) id.bytes[8 + i] = static_cast<std::uint8_t>(ids_ >> (8 * i));
    return id;
  }};
  std::vector<Run*> runs_;
};

TEST(Differential, RandomDagsEndAsTheyDoInAirflow) {
  const char* given = std::getenv("LEOFLOW_DIFFERENTIAL_ANSWERS");
  const std::string path = given != nullptr ? given : LEOFLOW_SOURCE_DIR "/tests/differential/answers.jsonl";
  std::ifstream file(path);
  ASSERT_TRUE(file) << path;
  std::string line;
  int cases = 0;
  int differing = 0;
  while (std::getline(file, line)) {
    auto answer = parse_json(line);
    ASSERT_TRUE(answer) << path << ", line " << cases + 1;
    const auto seed = get_integer(*answer, "seed", 0);
    const std::string differences = Case(std::move(*answer)).play();
    ++cases;
    if (differences.empty()) continue;
    ++differing;
    ADD_FAILURE() << "seed " << seed << ":\n" << differences;
  }
  EXPECT_GT(cases, 0);
  if (given != nullptr) fmt::print("{} cases, {} differ\n", cases, differing);
}

}  // namespace
}  // namespace leoflow::scheduler
