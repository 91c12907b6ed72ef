#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <fmt/format.h>
#include <future>
#include <gtest/gtest.h>

#include "engine/engine.hpp"
#include "store/temporary_database.hpp"

// What the engine's tests share: an engine over either database, and a runner that the test plays.
namespace leoflow::engine {
using namespace std::chrono_literals;

/// Takes every attempt and lets the test say what becomes of it.
class FakeRunner final : public AttemptRunner {
 public:
  int free_slots() override { return slots; }
  void start(const AttemptSpec& spec) override {
    const std::lock_guard lock(mutex_);
    started_.push_back(spec);
    changed_.notify_all();
  }
  void stop(const Uuid& attempt, const std::string&) override {
    const std::lock_guard lock(mutex_);
    stopped_.push_back(attempt);
    changed_.notify_all();
  }

  void start_trigger(const TriggerSpec& spec) override {
    const std::lock_guard lock(mutex_);
    triggers_.push_back(spec);
    changed_.notify_all();
  }
  void stop_trigger(const Uuid& id) override {
    const std::lock_guard lock(mutex_);
    stopped_.push_back(id);
    changed_.notify_all();
  }
  void run_callback(const CallbackSpec& spec) override {
    const std::lock_guard lock(mutex_);
    callbacks_.push_back(spec);
    changed_.notify_all();
  }
  void start_watcher(const WatcherSpec& spec) override {
    const std::lock_guard lock(mutex_);
    watchers_.push_back(spec);
    changed_.notify_all();
  }
  WatcherSpec next_watcher() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, 10s, [&] { return !watchers_.empty(); })) {
      ADD_FAILURE() << "no watcher was started";
      return {};
    }
    WatcherSpec spec = watchers_.front();
    watchers_.pop_front();
    return spec;
  }
  void ask(PythonQuestion question) override {
    const std::lock_guard lock(mutex_);
    questions_.push_back(std::move(question));
    changed_.notify_all();
  }
  /// The next question; fails the test when none comes.
  PythonQuestion next_question() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, 10s, [&] { return !questions_.empty(); })) {
      ADD_FAILURE() << "nothing was asked";
      return {};
    }
    PythonQuestion question = std::move(questions_.front());
    questions_.pop_front();
    return question;
  }
  CallbackSpec next_callback() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, 10s, [&] { return !callbacks_.empty(); })) {
      ADD_FAILURE() << "no callback was run";
      return {};
    }
    CallbackSpec spec = callbacks_.front();
    callbacks_.pop_front();
    return spec;
  }
  TriggerSpec next_trigger() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, 10s, [&] { return !triggers_.empty(); })) {
      ADD_FAILURE() << "no trigger was started";
      return {};
    }
    TriggerSpec spec = triggers_.front();
    triggers_.pop_front();
    return spec;
  }

  /// The next attempt; fails the test when none comes.
  AttemptSpec next() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, 10s, [&] { return !started_.empty(); })) {
      ADD_FAILURE() << "no attempt was started";
      return {};
    }
    AttemptSpec spec = started_.front();
    started_.pop_front();
    return spec;
  }
  bool idle() {
    const std::lock_guard lock(mutex_);
    return started_.empty();
  }
  std::vector<Uuid> stopped() {
    const std::lock_guard lock(mutex_);
    return stopped_;
  }

  std::atomic<int> slots = 100;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<AttemptSpec> started_;
  std::deque<TriggerSpec> triggers_;
  std::deque<CallbackSpec> callbacks_;
  std::deque<PythonQuestion> questions_;
  std::deque<WatcherSpec> watchers_;
  std::vector<Uuid> stopped_;
};

/// Remembers all spans.
class KeptSpans final : public trace::Tracer {
 public:
  KeptSpans() : Tracer({}, "salt") {}
  void add(trace::Span span) override {
    const std::lock_guard lock(mutex_);
    spans_.push_back(std::move(span));
  }
  std::vector<trace::Span> all() {
    const std::lock_guard lock(mutex_);
    return spans_;
  }

 private:
  std::mutex mutex_;
  std::vector<trace::Span> spans_;
};

inline std::string operator_json(std::string_view id, std::string_view downstream,
                                 std::string_view more = "") {
  return fmt::format(R"({{"__type":"operator","__var":{{"task_id":"{}","downstream_task_ids":[{}]{}}}}})", id,
                     downstream, more);
}

inline ParsedFile file_with(const std::string& dag_id, const std::string& tasks,
                            const std::string& path = "d.py") {
  ParsedFile file;
  file.bundle_name = "dags-folder";
  file.bundle_path = "/dags";
  file.relative_fileloc = path;
  file.source = "# " + dag_id;
  file.serialized_dags.push_back(*parse_json(fmt::format(
      R"({{"__version":3,"dag":{{"dag_id":"{}","is_paused_upon_creation":false,"timetable":{{"__type":"airflow.timetables.simple.NullTimetable","__var":{{}}}},"tasks":[{}]}}}})",
      dag_id, tasks)));
  return file;
}

class EngineTest : public testing::TestWithParam<store::Backend> {
 protected:
  void SetUp() override {
    if (!store::TemporaryDatabase::available(GetParam())) GTEST_SKIP() << "LEOFLOW_TEST_POSTGRES is not set";
    database_.emplace(GetParam());
    start();
  }

  void TearDown() override {
    engine_.reset();
    if (!IsSkipped() && database_) {
      EXPECT_EQ(one("SELECT dag_id || ': ' || task_instance_count FROM dag WHERE task_instance_count <> "
                    "(SELECT COUNT(*) FROM task_instance t WHERE t.dag_id = dag.dag_id)"),
                "")
          << "the DAG does not have so many task instances";
    }
  }

  void start() {
    engine_ =
        std::make_unique<Engine>(**database_, clock_, runner_, [](const std::string&, const std::string&) {});
    engine_->set_tracer(&spans_);
    engine_->start();
  }
  void restart() {
    engine_.reset();
    start();
  }

  void put(ParsedFile file) {
    std::promise<void> stored;
    engine_->put_file(std::move(file), [&] { stored.set_value(); });
    stored.get_future().get();
  }
  std::string trigger(const std::string& dag_id) {
    TriggerRun command;
    command.dag_id = dag_id;
    const auto run_id = engine_->trigger_run(command);
    EXPECT_TRUE(run_id) << run_id.error().message;
    return run_id.value_or("");
  }
  bool report(const AttemptSpec& spec, scheduler::Outcome outcome) {
    engine_->attempt_started({spec.id, "host", "me", 42, clock_.now()});
    std::promise<bool> accepted;
    engine_->attempt_reported(spec.id, outcome, [&](bool ok) { accepted.set_value(ok); });
    return accepted.get_future().get();
  }
  std::string one(std::string_view sql) {
    const auto session = (*database_)->read();
    const store::Rows rows = session->query(sql);
    if (rows.empty() || rows[0].is_null(0)) return "";
    return rows[0].find_text(0).value_or("");
  }
  std::int64_t count(std::string_view table) {
    const auto session = (*database_)->read();
    return session->query("SELECT COUNT(*) FROM " + std::string(table))[0].integer(0);
  }

  ManualClock clock_{from_micros(1'767'225'600'000'000)};
  FakeRunner runner_;
  KeptSpans spans_;
  std::optional<store::TemporaryDatabase> database_;
  std::unique_ptr<Engine> engine_;
};

inline std::string backend_name(const testing::TestParamInfo<store::Backend>& backend) {
  return backend.param == store::Backend::sqlite ? "Sqlite" : "Postgres";
}

}  // namespace leoflow::engine
