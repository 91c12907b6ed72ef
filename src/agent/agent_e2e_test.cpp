#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "agent/e2e_plane.hpp"
#include "agent/log_file.hpp"
#include "base/text.hpp"

namespace leoflow::agent {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kDag = R"(
import logging
import os, signal, sys, time
from airflow.sdk import Variable, dag, task

@dag(schedule=None, default_args={"retries": 1})
def works():
    @task
    def value():
        print("a printed line", os.environ["FROM_THE_PLANE"], "LEOFLOW_AGENT_TOKEN" in os.environ)
        return {"answer": 42}

    @task
    def noop():
        pass

    @task
    def fails():
        raise ValueError("no luck today")

    @task
    def stubborn():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("stubborn is ready", flush=True)
        while True:
            time.sleep(0.1)

    @task
    def patient():
        print("patient is ready", flush=True)
        while not os.path.exists(os.path.join(os.path.dirname(__file__), "go")):
            time.sleep(0.02)
        return "done"

    @task
    def asks():
        secret = Variable.get("my_password")
        print("got", secret)

    @task
    def leaves():
        os._exit(3)

    @task
    def chatters():
        for _ in range(20):
            sys.stdout.write(("y" * 1023 + "\n") * 1024)
        sys.stdout.buffer.write(bytes(range(256)) * 10)
        sys.stdout.write("z" * (10 << 20))

    @task
    def forks():
        for detached in (False, True):
            if os.fork() == 0:
                if detached:
                    os.setsid()
                # Until the agent is gone, too: it adopts what is detached.
                while os.getppid() != 1:
                    time.sleep(0.1)

    @task
    def detaches():
        # A process of a session of its own, and its child; neither is in the task's group.
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.setsid()
            with open(os.path.join(os.path.dirname(__file__), "pids"), "a") as file:
                file.write(f"{os.getpid()}\n")
            while True:
                time.sleep(0.1)
        while True:
            try:
                with open(os.path.join(os.path.dirname(__file__), "pids")) as file:
                    if len(file.readlines()) == 2:
                        return
            except FileNotFoundError:
                pass
            time.sleep(0.02)

    @task
    def closes():
        for fd in range(1, 64):
            try:
                os.close(fd)
            except OSError:
                pass

    @task
    def alternates():
        log = logging.getLogger("order")
        for number in range(0, 60, 3):
            print(f"order {number:03}")
            log.info("order %03d", number + 1)
            print(f"order {number + 2:03}", file=sys.stderr)

    [alternates(), value(), noop(), fails(), stubborn(), patient(), asks(), leaves(), chatters(), forks(), detaches(), closes()]

works()
)";

std::vector<std::string> types(const std::vector<TestPlane::Asked>& asked) {
  std::vector<std::string> all;
  for (const auto& one : asked) all.push_back(one.type);
  return all;
}

class AgentEndToEnd : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(LEOFLOW_AIRFLOW_PYTHON))
      GTEST_SKIP() << "no Airflow at " << LEOFLOW_AIRFLOW_PYTHON;
    agent_ = std::make_unique<TestAgent>(std::vector<std::string>{"--stop-grace-ms", "500"});
    agent_->write_dag("works.py", kDag);
  }
  void TearDown() override {
    if (HasFailure() && agent_) {
      std::cerr << read_file((agent_->folder() / "agent.log").string()).value_or("") << "\n";
    }
  }
  bool wait_log(const std::string& id, const std::string& text) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (std::chrono::steady_clock::now() < deadline) {
      if (agent_->log_of(id).find(text) != std::string::npos) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
  }
  static bool wait_file(const std::filesystem::path& path) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (std::chrono::steady_clock::now() < deadline) {
      if (std::filesystem::exists(path)) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
  }
  TestPlane& plane() { return agent_->plane(); }

  std::unique_ptr<TestAgent> agent_;
};

TEST_F(AgentEndToEnd, TaskReturnsAValueAndLogsWhatItPrints) {
  const std::string id = agent_->start("works.py", "value");
  const auto finished = plane().wait_finished(id);
  EXPECT_EQ(finished.exit_code(), 0);
  EXPECT_EQ(finished.reason(), "");
  EXPECT_GT(finished.peak_memory_bytes(), 1 << 20);
  EXPECT_GT(finished.cpu_microseconds(), 100);
  const auto asked = plane().asked(id);
  EXPECT_THAT(types(asked), Contains("SucceedTask"));
  for (const auto& one : asked) {
    if (one.type == "SetXCom") {
      EXPECT_EQ(one.body.at("value"), (json::object{{"answer", 42}}));
    }
  }
  EXPECT_THAT(types(asked), Contains("SetXCom"));
  EXPECT_THAT(agent_->log_of(id),
              HasSubstr(R"("event":"a printed line hello False","logger":"task.stdout")"));
}

TEST_F(AgentEndToEnd, FailingTaskAsksForARetry) {
  const std::string id = agent_->start("works.py", "fails");
  EXPECT_EQ(plane().wait_finished(id).exit_code(), 0);
  EXPECT_THAT(types(plane().asked(id)), Contains("RetryTask"));
  EXPECT_THAT(agent_->log_of(id), HasSubstr("no luck today"));
}

TEST_F(AgentEndToEnd, TaskThatIgnoresSigtermIsKilled) {
  const std::string id = agent_->start("works.py", "stubborn");
  ASSERT_TRUE(wait_log(id, "stubborn is ready"));
  plane().stop_attempt(id);
  const auto finished = plane().wait_finished(id);
  EXPECT_EQ(finished.signal(), SIGKILL);
  EXPECT_EQ(finished.reason(), "terminated by SIGKILL");
  EXPECT_THAT(agent_->log_of(id), HasSubstr("the test says so"));
}

TEST_F(AgentEndToEnd, KilledTaskIsReportedWithItsSignal) {
  const std::string id = agent_->start("works.py", "patient");
  ASSERT_TRUE(wait_log(id, "patient is ready"));
  ::kill(plane().wait_started(id), SIGKILL);
  const auto finished = plane().wait_finished(id);
  EXPECT_EQ(finished.signal(), SIGKILL);
  EXPECT_THAT(finished.reason(), HasSubstr("out of memory"));
}

TEST_F(AgentEndToEnd, TaskThatLeavesSilentlyIsReportedWithItsCode) {
  const std::string id = agent_->start("works.py", "leaves");
  const auto finished = plane().wait_finished(id);
  EXPECT_EQ(finished.exit_code(), 3);
  EXPECT_EQ(finished.reason(), "exited with code 3 without reporting a state");
}

TEST_F(AgentEndToEnd, TaskOutlivesTheWarmPython) {
  const std::string id = agent_->start("works.py", "patient");
  const std::string direct = agent_->start("works.py", "patient", /*preload=*/false);
  ASSERT_TRUE(wait_log(id, "patient is ready"));
  ASSERT_TRUE(wait_log(direct, "patient is ready"));
  const pid_t base = agent_->base_pid();
  ASSERT_GT(base, 0);
  ::kill(base, SIGKILL);
  agent_->write_dag("go", "");
  for (const auto& one : {id, direct}) {
    const auto finished = plane().wait_finished(one);
    EXPECT_EQ(finished.exit_code(), 0) << finished.reason();
    EXPECT_THAT(types(plane().asked(one)), Contains("SucceedTask"));
  }
  const std::string after = agent_->start("works.py", "noop", false);
  EXPECT_EQ(plane().wait_finished(after).exit_code(), 0);
}

TEST_F(AgentEndToEnd, NoTaskOutlivesTheAgent) {
  const std::string id = agent_->start("works.py", "patient");
  ASSERT_TRUE(wait_log(id, "patient is ready"));
  const pid_t task = plane().wait_started(id);
  const pid_t base = agent_->base_pid();
  agent_->kill_agent();
  EXPECT_TRUE(wait_gone(task));
  EXPECT_TRUE(wait_gone(base));
}

TEST_F(AgentEndToEnd, OrphanOfALostForkServerDiesWithTheAgentToo) {
  const std::string id = agent_->start("works.py", "patient", false);
  ASSERT_TRUE(wait_log(id, "patient is ready"));
  const pid_t task = plane().wait_started(id);
  ::kill(agent_->base_pid(), SIGKILL);
  // A new base serves once this is done, and has been told of the orphan before.
  EXPECT_EQ(plane().wait_finished(agent_->start("works.py", "noop", false)).exit_code(), 0);
  agent_->kill_agent();
  EXPECT_TRUE(wait_gone(task));
}

TEST_F(AgentEndToEnd, TaskWaitsForAControlPlaneThatIsAway) {
  plane().hold_answers(true);
  const std::string id = agent_->start("works.py", "asks");
  ASSERT_TRUE(plane().wait_asked(id, "GetVariable"));
  plane().close();
  plane().hold_answers(false);
  plane().open();
  EXPECT_EQ(plane().wait_finished(id).exit_code(), 0);
  EXPECT_THAT(types(plane().asked(id)), Contains("SucceedTask"));
  EXPECT_THAT(agent_->log_of(id), HasSubstr("got ***"));
}

TEST_F(AgentEndToEnd, WhatATaskAskedIsAnsweredBeforeItsEndIsReported) {
  plane().hold_answers(true);
  const std::string id = agent_->start("works.py", "asks");
  ASSERT_TRUE(plane().wait_asked(id, "GetVariable"));
  ::kill(plane().wait_started(id), SIGKILL);
  ASSERT_TRUE(wait_log(id, "Process ended"));
  // The stream keeps its order: what was sent before is heard before.
  const std::string next = agent_->start("works.py", "noop");
  EXPECT_EQ(plane().wait_finished(next).exit_code(), 0);
  EXPECT_FALSE(plane().has_finished(id));
  plane().close();
  plane().hold_answers(false);
  plane().open();
  EXPECT_EQ(plane().wait_finished(id).signal(), SIGKILL);
}

TEST_F(AgentEndToEnd, WhatNobodyWantsAnyMoreIsClaimedUntilItsEndIsHeard) {
  agent_ = std::make_unique<TestAgent>(std::vector<std::string>{"--stop-grace-ms", "60000"});
  agent_->write_dag("works.py", kDag);
  const std::string id = agent_->start("works.py", "stubborn");
  ASSERT_TRUE(wait_log(id, "stubborn is ready"));
  const pid_t task = plane().wait_started(id);
  plane().want_nothing(true);
  plane().reconnect();
  // It was told this after that.
  plane().wait_finished(agent_->start("works.py", "noop"));
  const agentrpc::Hello hello = plane().reconnect();
  EXPECT_THAT(hello.attempt_ids(), Contains(id));
  ::kill(task, SIGKILL);
  EXPECT_EQ(plane().wait_finished(id).signal(), SIGKILL);
}

TEST_F(AgentEndToEnd, AnEndThatWasNotAcknowledgedIsToldAgainThoughNobodyWantsIt) {
  plane().hold_ends(true);
  const std::string id = agent_->start("works.py", "noop");
  plane().wait_finished(id);
  plane().hold_ends(false);
  plane().want_nothing(true);
  plane().reconnect();
  EXPECT_TRUE(plane().wait_ends(id, 2));
}

TEST_F(AgentEndToEnd, ChangedFileIsImportedAgain) {
  agent_->write_dag("helper.py", "WORD = 'before'\n");
  const std::string text =
      "import helper\nfrom airflow.sdk import dag, task\n@dag(schedule=None)\ndef uses():\n"
      "    @task\n    def say():\n        print('word', helper.WORD)\n    say()\nuses()\n";
  agent_->write_dag("uses.py", text);
  const std::string first = agent_->start("uses.py", "say");
  plane().wait_finished(first);
  EXPECT_THAT(agent_->log_of(first), HasSubstr("word before"));
  agent_->write_dag("helper.py", "WORD = 'afterwards'\n");
  const std::string second = agent_->start("uses.py", "say");
  plane().wait_finished(second);
  EXPECT_THAT(agent_->log_of(second), HasSubstr("word afterwards"));
}

TEST_F(AgentEndToEnd, FileThatAsksWhileImportedStillRuns) {
  agent_->write_dag(
      "nosy.py",
      "from airflow.sdk import Variable, dag, task\nX = Variable.get('x')\n@dag(schedule=None)\n"
      "def nosy():\n    @task\n    def t():\n        print('x is', X)\n    t()\nnosy()\n");
  const std::string id = agent_->start("nosy.py", "t");
  EXPECT_EQ(plane().wait_finished(id).exit_code(), 0);
  EXPECT_THAT(agent_->log_of(id), HasSubstr("x is value-of-variable"));
  EXPECT_TRUE(agent_->parse("nosy.py").asked_supervisor());
}

TEST_F(AgentEndToEnd, WhatIsLoggedAndWhatIsPrintedStaysInItsOrder) {
  for (const bool preload : {true, false}) {
    const std::string id = agent_->start("works.py", "alternates", preload);
    EXPECT_EQ(plane().wait_finished(id).exit_code(), 0);
    const std::string log = agent_->log_of(id);
    std::size_t place = 0;
    for (int number = 0; number < 60; ++number) {
      place = log.find(fmt::format("order {:03}", number), place);
      ASSERT_NE(place, std::string::npos) << number << " comes too early:\n" << log;
    }
  }
}

TEST_F(AgentEndToEnd, EndlessOutputIsCappedAndSaysSo) {
  constexpr std::size_t kLimit = 8 << 20;
  TestAgent limited({"--max-log-bytes", std::to_string(kLimit)});
  limited.write_dag("works.py", kDag);
  const std::string id = limited.start("works.py", "chatters");
  EXPECT_EQ(limited.plane().wait_finished(id).exit_code(), 0);
  const std::string log = limited.log_of(id);
  EXPECT_LT(log.size(), kLimit + 1000);
  EXPECT_THAT(log.substr(log.size() - 300), HasSubstr("The log is truncated here"));
  EXPECT_THAT(types(limited.plane().asked(id)), Contains("SucceedTask"));
}

TEST_F(AgentEndToEnd, GrandchildrenDoNotKeepAnAttemptAlive) {
  const std::string id = agent_->start("works.py", "forks");
  const auto finished = plane().wait_finished(id);
  EXPECT_EQ(finished.exit_code(), 0);
  EXPECT_THAT(types(plane().asked(id)), Contains("SucceedTask"));
}

TEST_F(AgentEndToEnd, TaskThatClosesItsSocketsStillEnds) {
  const std::string id = agent_->start("works.py", "closes");
  const auto finished = plane().wait_finished(id);
  const auto asked = types(plane().asked(id));
  const bool succeeded = std::ranges::find(asked, "SucceedTask") != asked.end();
  // Either way, but told: it came through without its logs, or it stumbled over them.
  EXPECT_TRUE(succeeded || !finished.reason().empty());
}

TEST_F(AgentEndToEnd, GoodFileIsParsed) {
  const auto parsed = agent_->parse("works.py");
  EXPECT_EQ(parsed.error(), "");
  EXPECT_FALSE(parsed.asked_supervisor());
  const auto result = parse_json(parsed.result());
  ASSERT_TRUE(result.has_value()) << parsed.result();
  EXPECT_EQ(result->at("serialized_dags").as_array().size(), 1u);
}

TEST_F(AgentEndToEnd, WhatAParserPrintedBeforeItDiedIsShownWithoutSecrets) {
  agent_->write_dag("dies.py",
                    "import os\nfrom airflow.sdk import Variable  # and no DAG\n"
                    "print('it is', Variable.get('my_password'), flush=True)\nos._exit(3)\n");
  const auto parsed = agent_->parse("dies.py");
  EXPECT_THAT(parsed.error(), HasSubstr("it is ***"));
  EXPECT_THAT(parsed.error(), Not(HasSubstr("value-of-variable")));
}

TEST_F(AgentEndToEnd, ATaskWhoseValueIsNoJsonFails) {
  agent_->write_dag("nan.py", R"(
from airflow.sdk import dag, task

@dag(schedule=None)
def nan():
    @task
    def value():
        return {"score": float("nan")}
    value()

nan()
)");
  const std::string id = agent_->start("nan.py", "value");
  EXPECT_EQ(plane().wait_finished(id).signal(), 0);
  EXPECT_THAT(types(plane().asked(id)), Not(Contains("SucceedTask")));
  EXPECT_THAT(agent_->log_of(id), HasSubstr("NaN or Infinity"));
}

/// Of a trigger that a DAG folder's file defines.
agentrpc::RunTrigger run_of(const TestAgent& agent, const std::string& id, const std::string& classpath) {
  agentrpc::RunTrigger trigger;
  trigger.set_trigger_id(id);
  trigger.set_classpath(classpath);
  trigger.set_kwargs(R"({"__type": "dict", "__var": {}})");
  trigger.set_next_kwargs("{}");
  trigger.set_task_instance(json::serialize(json::object{
      {"id", id}, {"task_id", "t"}, {"dag_id", "d"}, {"run_id", "r"}, {"try_number", 1}, {"map_index", -1}}));
  trigger.set_bundle_path((agent.folder() / "dags").string());
  return trigger;
}

TEST_F(AgentEndToEnd, ATriggerThatKillsItsProcessAndIsCancelledLeavesRoomForOthers) {
  agent_->write_dag("kills.py", R"(
import os
from airflow.triggers.base import BaseTrigger, TriggerEvent

class Kills(BaseTrigger):
    def serialize(self):
        return "kills.Kills", {}

    async def run(self):
        os._exit(1)
        yield

class Knocks(Kills):
    def serialize(self):
        return "kills.Knocks", {}

    async def run(self):
        yield TriggerEvent(1)
)");
  agent_->write_dag("endless.py", "while True:\n    pass\n");
  const std::string bad = "00000000-0000-0000-0000-000000000001";
  const std::string good = "00000000-0000-0000-0000-000000000002";
  ASSERT_TRUE(plane().wait_connected());
  plane().run_trigger(run_of(*agent_, bad, "kills.Kills"));
  EXPECT_TRUE(agent_->wait_says("the trigger host ended with exit code 1", 2));
  plane().cancel_trigger(bad);
  // Longer than the pause before the process would have been started again.
  (void)agent_->parse("endless.py", 1000);
  plane().run_trigger(run_of(*agent_, good, "kills.Knocks"));
  EXPECT_TRUE(plane().wait_fired(good));
}

TEST_F(AgentEndToEnd, ATriggerThatIsCancelledFromWithinWaitsAgain) {
  agent_->write_dag("torn.py", R"(
import asyncio, pathlib
from airflow.triggers.base import BaseTrigger, TriggerEvent

class Torn(BaseTrigger):
    def serialize(self):
        return "torn.Torn", {}

    async def run(self):
        mark = pathlib.Path(__file__).with_name("mark")
        if not mark.exists():
            mark.touch()
            inner = asyncio.create_task(asyncio.sleep(60))
            inner.cancel()
            await inner
        yield TriggerEvent(1)
)");
  const std::string id = "00000000-0000-0000-0000-000000000001";
  ASSERT_TRUE(plane().wait_connected());
  plane().run_trigger(run_of(*agent_, id, "torn.Torn"));
  EXPECT_TRUE(plane().wait_fired(id));
}

TEST_F(AgentEndToEnd, ATriggerThatGoesOnAfterItsEventIsEnded) {
  agent_->write_dag("goes_on.py", R"(
import asyncio, pathlib
from airflow.triggers.base import BaseTrigger, TriggerEvent

class GoesOn(BaseTrigger):
    def serialize(self):
        return "goes_on.GoesOn", {}

    async def run(self):
        while True:
            yield TriggerEvent(1)
            await asyncio.sleep(0.05)

    async def on_kill(self):
        pathlib.Path(__file__).with_name("killed").touch()

    async def cleanup(self):
        pathlib.Path(__file__).with_name("clean").touch()
)");
  const std::string id = "00000000-0000-0000-0000-000000000001";
  ASSERT_TRUE(plane().wait_connected());
  plane().run_trigger(run_of(*agent_, id, "goes_on.GoesOn"));
  EXPECT_TRUE(plane().wait_fired(id));
  EXPECT_TRUE(wait_file(agent_->folder() / "dags/clean"));
  EXPECT_FALSE(std::filesystem::exists(agent_->folder() / "dags/killed")) << "nobody decided against it";
}

TEST_F(AgentEndToEnd, AForkThatFailsIsTriedAgainAndHurtsNobodyElse) {
  agent_->write_dag("forks_badly.py", R"(
import os
from airflow.sdk import dag, task

fork = os.fork

def fail_once():
    os.fork = fork
    raise BlockingIOError(11, "no more processes")

os.fork = fail_once

@dag(schedule=None)
def forks_badly():
    @task
    def value():
        return 1
    value()

forks_badly()
)");
  const std::string id = agent_->start("forks_badly.py", "value");
  EXPECT_EQ(plane().wait_finished(id).reason(), "");
  EXPECT_THAT(types(plane().asked(id)), Contains("SucceedTask"));
  EXPECT_TRUE(agent_->wait_says("cannot fork: ", 1));
}

TEST_F(AgentEndToEnd, ATriggerAsksInItsOwnNameAndItsEventIsToldWhenItsLogIsKept) {
  agent_->write_dag("knocks.py", R"(
import asyncio
from airflow.sdk import Variable
from airflow.triggers.base import BaseTrigger, TriggerEvent

class Knocks(BaseTrigger):
    def serialize(self):
        return "knocks.Knocks", {}

    async def run(self):
        secret = await asyncio.to_thread(Variable.get, "my_password")
        self.log.info("KNOCKED with %s", len(secret))
        yield TriggerEvent(1)
)");
  const std::string id = "00000000-0000-0000-0000-000000000001";
  agentrpc::RunTrigger trigger = run_of(*agent_, id, "knocks.Knocks");
  trigger.set_sends_log(true);
  ASSERT_TRUE(plane().wait_connected());
  plane().hold_logs(true);
  plane().run_trigger(trigger);
  EXPECT_TRUE(plane().wait_asked("trigger:" + id, "GetVariable"));
  EXPECT_TRUE(plane().wait_log(id, "KNOCKED with 17"));
  EXPECT_FALSE(plane().has_fired(id));
  plane().hold_logs(false);
  EXPECT_TRUE(plane().wait_fired(id));
}

TEST_F(AgentEndToEnd, SyntaxErrorIsAnImportError) {
  agent_->write_dag("broken.py", "from airflow.sdk import DAG\ndef (:\n");
  const auto parsed = agent_->parse("broken.py");
  EXPECT_EQ(parsed.error(), "");
  EXPECT_THAT(parsed.result(), HasSubstr("SyntaxError"));
}

TEST_F(AgentEndToEnd, EndlessLoopIsStopped) {
  agent_->write_dag("endless.py", "from airflow.sdk import DAG\nwhile True:\n    pass\n");
  const auto parsed = agent_->parse("endless.py", 1000);
  EXPECT_THAT(parsed.result() + parsed.error(), HasSubstr("imeout"));
}

TEST_F(AgentEndToEnd, EndlessLoopThatIsDeafToAirflowsTimeoutIsKilled) {
  // Long enough that a busy machine reaches the second line before the alarm.
  agent_->write_dag("deaf.py",
                    "import signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\n"
                    "from airflow.sdk import DAG\nwhile True: pass\n");
  const auto parsed = agent_->parse("deaf.py", 2000);
  EXPECT_THAT(parsed.error(), HasSubstr("took longer than 2 s"));
}

TEST_F(AgentEndToEnd, SysExitIsExplained) {
  agent_->write_dag("leaver.py", "from airflow.sdk import DAG\nimport sys\nsys.exit(7)\n");
  const auto parsed = agent_->parse("leaver.py");
  EXPECT_THAT(parsed.result() + parsed.error(), HasSubstr("leaver.py"));
  EXPECT_THAT(parsed.result() + parsed.error(), HasSubstr("exit"));
}

TEST_F(AgentEndToEnd, AttemptBeyondTheSlotsIsRefused) {
  TestAgent small({"--slots", "1"});
  small.write_dag("works.py", kDag);
  const std::string id = small.start("works.py", "patient");
  small.plane().wait_started(id);
  const std::string other = small.start("works.py", "noop");
  EXPECT_THAT(small.plane().refusal(other), HasSubstr("slots"));
}

TEST_F(AgentEndToEnd, AgentLeavesWhenTold) {
  const std::string id = agent_->start("works.py", "patient");
  const pid_t task = plane().wait_started(id);
  plane().shut_down();
  EXPECT_EQ(agent_->wait_exit(), 0);
  EXPECT_TRUE(wait_gone(task));
  // SIGTERM, or SIGKILL: the SDK's own handler of SIGTERM lets the task go on until the grace is over.
  EXPECT_NE(plane().wait_finished(id).signal(), 0);
}

/// Of an agent that stays after its attempt, and serves another one then.
class StayingAgent : public AgentEndToEnd {
 protected:
  static std::vector<std::string> staying(std::vector<std::string> more = {}) {
    std::vector<std::string> out{"--once", "--stay", "60"};
    out.insert(out.end(), more.begin(), more.end());
    return out;
  }
  void stay(const std::vector<std::string>& arguments) {
    agent_ = std::make_unique<TestAgent>(arguments);
    agent_->write_dag("works.py", kDag);
  }
};

TEST_F(StayingAgent, OneAttemptAfterTheOtherRunsInIt) {
  stay(staying());
  const std::string first = agent_->start("works.py", "value");
  EXPECT_EQ(plane().wait_finished(first).exit_code(), 0);
  EXPECT_TRUE(plane().has_heard_of_ending(first));
  EXPECT_EQ(plane().wait_idle(1), 1);
  const auto hello = plane().reconnect();
  EXPECT_TRUE(hello.is_idle());
  EXPECT_EQ(hello.attempt_ids_size(), 0);
  const std::string second = agent_->start("works.py", "patient");
  plane().wait_started(second);
  EXPECT_FALSE(plane().reconnect().is_idle());
  agent_->write_dag("go", "");
  EXPECT_EQ(plane().wait_finished(second).exit_code(), 0);
  EXPECT_EQ(plane().wait_idle(2), 2);
}

TEST_F(StayingAgent, ItShowsTheSecretThatItWasToldLastForAsLongAsThereIsNoOther) {
  stay(staying());
  plane().wait_finished(agent_->start("works.py", "noop"));
  plane().wait_idle(1);
  EXPECT_EQ(plane().reconnect().secret(), "");
  plane().tell_secret("one");
  plane().tell_secret("other");
  // What it says of this comes after it has heard the secret.
  plane().wait_started(agent_->start("works.py", "patient"));
  EXPECT_EQ(plane().reconnect().secret(), "other");
  EXPECT_EQ(plane().reconnect().secret(), "other");
  agent_->write_dag("go", "");
}

TEST_F(StayingAgent, ThatItWillBeIdleIsHeardByAControlPlaneThatWasAway) {
  stay(staying());
  const std::string id = agent_->start("works.py", "patient");
  ASSERT_TRUE(wait_log(id, "patient is ready"));
  plane().close();
  agent_->write_dag("go", "");
  ASSERT_TRUE(wait_log(id, "Done. Returned value"));
  plane().open();
  EXPECT_EQ(plane().wait_finished(id).exit_code(), 0);
  EXPECT_TRUE(plane().has_heard_of_ending(id));
}

TEST_F(StayingAgent, NothingOfATaskIsLeftWhenItIsIdle) {
  stay(staying());
  const std::string id = agent_->start("works.py", "detaches");
  EXPECT_EQ(plane().wait_finished(id).exit_code(), 0);
  EXPECT_EQ(plane().wait_idle(1), 1);
  const auto text = read_file((agent_->folder() / "dags/pids").string());
  ASSERT_TRUE(text);
  const auto pids = split(std::string(trim(*text)), '\n');
  EXPECT_EQ(pids.size(), 2U);
  for (const std::string& pid : pids) {
    const std::string status = read_file("/proc/" + pid + "/status").value_or("");
    EXPECT_TRUE(status.empty() || status.find("State:\tZ") != std::string::npos) << status;
  }
  EXPECT_EQ(plane().wait_finished(agent_->start("works.py", "noop")).exit_code(), 0)
      << "the warm Python is still there";
}

TEST_F(StayingAgent, ItLeavesAfterSoManyAttempts) {
  stay(staying({"--most-attempts", "2"}));
  plane().wait_finished(agent_->start("works.py", "noop"));
  plane().wait_idle(1);
  const std::string last = agent_->start("works.py", "noop");
  plane().wait_finished(last);
  EXPECT_EQ(agent_->wait_exit(), 0);
  EXPECT_FALSE(plane().has_heard_of_ending(last));
}

TEST_F(StayingAgent, ItLeavesWhenItWasIdleForSoLong) {
  stay({"--once", "--stay", "1"});
  plane().wait_finished(agent_->start("works.py", "noop"));
  EXPECT_EQ(agent_->wait_exit(), 0);
}

TEST_F(StayingAgent, ItLeavesAtOnceWhenToldWhileItIsIdle) {
  stay(staying());
  plane().wait_finished(agent_->start("works.py", "noop"));
  plane().wait_idle(1);
  plane().shut_down();
  EXPECT_EQ(agent_->wait_exit(), 0);
}

TEST_F(StayingAgent, ItLeavesAtOnceAtASignalWhileItIsIdle) {
  stay(staying());
  plane().wait_finished(agent_->start("works.py", "noop"));
  plane().wait_idle(1);
  ::kill(agent_->pid(), SIGTERM);
  EXPECT_EQ(agent_->wait_exit(), 0);
}

TEST_F(StayingAgent, OneWhoseTokenIsNotKnownForLongStopsItsTask) {
  stay({"--once", "--refusal-limit", "1"});
  const pid_t task = plane().wait_started(agent_->start("works.py", "patient"));
  plane().close();
  plane().open("another token");
  EXPECT_EQ(agent_->wait_exit(), 0);
  EXPECT_TRUE(wait_gone(task));
}

TEST_F(AgentEndToEnd, NoDatabaseIsMade) {
  plane().wait_finished(agent_->start("works.py", "value"));
  agent_->parse("works.py");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(agent_->folder() / "home")) {
    EXPECT_NE(entry.path().extension(), ".db") << entry.path();
  }
}

/// Not a check: prints what a no-op task costs.
TEST_F(AgentEndToEnd, MeasuresNoOpTasks) {
  plane().wait_finished(agent_->start("works.py", "noop"));
  std::vector<double> milliseconds;
  for (int i = 0; i < 50; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    const auto begun = TestPlane::Clock::now();
    const std::string id = agent_->start("works.py", "noop");
    ASSERT_TRUE(plane().wait_asked(id, "SucceedTask"));
    plane().wait_finished(id);
    for (const auto& one : plane().asked(id)) {
      if (one.type == "SucceedTask") {
        milliseconds.push_back(std::chrono::duration<double, std::milli>(one.at - begun).count());
      }
    }
  }
  std::ranges::sort(milliseconds);
  std::printf("request to SucceedTask, 50 tasks: p50 %.1f ms, p90 %.1f ms\n", milliseconds[25],
              milliseconds[45]);
  const auto begun = TestPlane::Clock::now();
  std::vector<std::string> ids;
  for (int i = 0; i < 8; ++i) ids.push_back(agent_->start("works.py", "noop"));
  std::size_t done = 0;
  while (done < 200) {
    plane().wait_finished(ids[done++]);
    if (ids.size() < 200) ids.push_back(agent_->start("works.py", "noop"));
  }
  const double seconds = std::chrono::duration<double>(TestPlane::Clock::now() - begun).count();
  std::printf("200 tasks, 8 at once: %.0f per second\n", 200 / seconds);
}

}  // namespace
}  // namespace leoflow::agent
