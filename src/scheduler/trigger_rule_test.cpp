#include "scheduler/trigger_rule.hpp"

#include <gtest/gtest.h>
#include <string>

namespace leoflow::scheduler {
namespace {

using dag::TriggerRule;

struct RuleCase {
  const char* rule;
  /// A letter an upstream task instance: s(uccess) f(ailed) u(pstream_failed) k(skipped) .(unfinished)
  const char* upstream;
  Verdict verdict;
};

constexpr Verdict kWait = Verdict::wait;
constexpr Verdict kRun = Verdict::run;
constexpr Verdict kSkip = Verdict::skip;
constexpr Verdict kFail = Verdict::upstream_failed;

constexpr RuleCase kRuleCases[] = {
    // Upstream that was expanded away from this instance.
    {"all_success", "", kRun},
    {"all_done", "", kRun},
    {"none_failed", "", kRun},
    {"one_success", "", kSkip},
    {"none_failed_min_one_success", "", kSkip},
    {"all_success", "ss", kRun},
    {"all_success", "s.", kWait},
    {"all_success", "f.", kFail},
    {"all_success", "u.", kFail},
    {"all_success", "k.", kSkip},
    {"all_success", "fk", kFail},
    {"all_failed", "ff", kRun},
    {"all_failed", "fu", kRun},
    {"all_failed", "f.", kWait},
    {"all_failed", "s.", kSkip},
    {"all_failed", "k.", kSkip},
    {"all_done", "sfuk", kRun},
    {"all_done", "sf.", kWait},
    {"one_success", "s.", kRun},
    {"one_success", "f.", kWait},
    {"one_success", "fk", kFail},
    {"one_success", "kk", kSkip},
    {"one_success", "ff", kFail},
    {"one_failed", "f.", kRun},
    {"one_failed", "u.", kRun},
    {"one_failed", "s.", kWait},
    {"one_failed", "sk", kSkip},
    {"one_done", "s.", kRun},
    {"one_done", "f.", kRun},
    {"one_done", "k.", kWait},
    {"one_done", "uk", kSkip},
    {"none_failed", "sk", kRun},
    {"none_failed", "kk", kRun},
    {"none_failed", "k.", kWait},
    {"none_failed", "f.", kFail},
    {"none_skipped", "sf", kRun},
    {"none_skipped", "k.", kSkip},
    {"none_skipped", "u.", kWait},
    {"all_skipped", "kk", kRun},
    {"all_skipped", "k.", kWait},
    {"all_skipped", "s.", kSkip},
    {"always", "...", kRun},
    {"none_failed_min_one_success", "sk", kRun},
    {"none_failed_min_one_success", "kk", kSkip},
    {"none_failed_min_one_success", "s.", kWait},
    {"none_failed_min_one_success", "u.", kFail},
    {"all_done_min_one_success", "sf", kRun},
    {"all_done_min_one_success", "ff", kFail},
    {"all_done_min_one_success", "k.", kSkip},
    {"all_done_min_one_success", "s.", kWait},
    {"all_done_setup_success", "sfk", kRun},
    {"all_done_setup_success", "s.", kWait},
};

TEST(TriggerRule, JudgesAsAirflowDoes) {
  for (const RuleCase& c : kRuleCases) {
    StateCounts counts;
    const std::string letters = c.upstream;
    for (const char letter : letters) {
      counts.add(letter == 's'   ? dag::TaskState::success
                 : letter == 'f' ? dag::TaskState::failed
                 : letter == 'u' ? dag::TaskState::upstream_failed
                 : letter == 'k' ? dag::TaskState::skipped
                                 : dag::TaskState::running,
                 false);
    }
    EXPECT_EQ(judge(*dag::parse_trigger_rule(c.rule), counts), c.verdict)
        << c.rule << " over '" << c.upstream << "'";
  }
}

TEST(TriggerRule, EveryRuleDecidesOnceAllUpstreamEnded) {
  const dag::TaskState ends[] = {dag::TaskState::success, dag::TaskState::failed,
                                 dag::TaskState::upstream_failed, dag::TaskState::skipped};
  for (int rule = 0; rule < 13; ++rule) {
    for (const auto a : ends) {
      for (const auto b : ends) {
        StateCounts counts;
        counts.add(a, false);
        counts.add(b, false);
        EXPECT_NE(judge(static_cast<TriggerRule>(rule), counts), Verdict::wait) << rule;
      }
    }
  }
}

}  // namespace
}  // namespace leoflow::scheduler
