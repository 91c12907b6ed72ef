#include "base/trace.hpp"

#include <gtest/gtest.h>

namespace leoflow::trace {
namespace {

class Kept final : public Tracer {
 public:
  using Tracer::Tracer;
  void add(Span) override {}
};

const std::string kHeader = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TEST(Trace, AHeaderIsReadAndWritten) {
  const auto context = Context::parse(kHeader);
  ASSERT_TRUE(context);
  EXPECT_TRUE(context->sampled);
  EXPECT_EQ(context->traceparent(), kHeader);
  EXPECT_TRUE(Context::parse("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00-later"));
}

TEST(Trace, WhatIsNoHeaderIsNone) {
  for (const char* text : {"", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
                           "00-00000000000000000000000000000000-b7ad6b7169203331-01",
                           "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
                           "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
                           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
                           "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x"}) {
    EXPECT_FALSE(Context::parse(text)) << text;
  }
}

TEST(Trace, WhoBeganATraceHasDecidedForAllOfIt) {
  Kept none({.ratio = 0, .asks_parent = true}, "salt");
  EXPECT_FALSE(none.continue_from(std::nullopt).sampled);
  const Context child = none.continue_from(Context::parse(kHeader));
  EXPECT_TRUE(child.sampled);
  EXPECT_EQ(child.trace_id, "0af7651916cd43dd8448eb211c80319c");
  EXPECT_NE(child.span_id, "b7ad6b7169203331");
  EXPECT_FALSE(Kept({.ratio = 0, .asks_parent = false}, "").continue_from(Context::parse(kHeader)).sampled);
}

TEST(Trace, NamesGiveTheSameIdsInOneInstallOnly) {
  Kept ours({}, "salt");
  Kept theirs({}, "other");
  const Context root = ours.root_of("run");
  EXPECT_EQ(root.traceparent(), ours.root_of("run").traceparent());
  EXPECT_NE(root.trace_id, ours.root_of("run 2").trace_id);
  EXPECT_NE(root.trace_id, theirs.root_of("run").trace_id);
  EXPECT_TRUE(Context::parse(root.traceparent()));
  const Context child = ours.child_of(root, "task");
  EXPECT_EQ(child.trace_id, root.trace_id);
  EXPECT_NE(child.span_id, root.span_id);
}

TEST(Trace, ARatioKeepsThatShare) {
  Kept some({.ratio = 0.25, .asks_parent = true}, "salt");
  int kept = 0;
  for (int i = 0; i < 1000; ++i) kept += some.root_of(std::to_string(i)).sampled ? 1 : 0;
  EXPECT_GT(kept, 200);
  EXPECT_LT(kept, 300);
}

}  // namespace
}  // namespace leoflow::trace
