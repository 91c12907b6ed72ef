#include "engine/engine_fixture.hpp"

namespace leoflow::engine {
namespace {

class DagAccess : public EngineTest {
 protected:
  ParsedFile giving(std::string_view access_control) const {
    ParsedFile file = file_with("d", operator_json("a", ""));
    file.serialized_dags[0].at("dag").as_object()["access_control"] = *parse_json(access_control);
    return file;
  }
};

INSTANTIATE_TEST_SUITE_P(Backends, DagAccess,
                         testing::Values(store::Backend::sqlite, store::Backend::postgres), backend_name);

TEST_P(DagAccess, WhatAFileGivesHoldsUntilItGivesSomethingElse) {
  put(giving(R"({"a": {"DAGs": ["can_read", "can_edit"]}, "b": {"DAG Runs": ["can_create"]}})"));
  EXPECT_EQ(count("dag_access"), 3);
  EXPECT_EQ(one("SELECT action FROM dag_access WHERE dag_id = 'd' AND group_name = 'b'"), "trigger");
  clock_.advance(1s);
  put(giving(R"({"a": {"DAGs": ["can_read"]}})"));
  EXPECT_EQ(one("SELECT action FROM dag_access"), "read");
  put(giving("null"));
  EXPECT_EQ(count("dag_access"), 0);
}

TEST_P(DagAccess, ItGoesWithTheDag) {
  put(giving(R"({"a": {"DAGs": ["can_read"]}})"));
  ASSERT_TRUE(engine_->delete_dag("d"));
  EXPECT_EQ(count("dag_access"), 0);
}

TEST_P(DagAccess, AnUnknownWordIsAnImportErrorAndLeavesWhatWasGiven) {
  put(giving(R"({"a": {"DAGs": ["can_read"]}})"));
  put(giving(R"({"a": {"DAGs": ["can_reed"]}})"));
  EXPECT_NE(one("SELECT stacktrace FROM import_error").find("can_reed"), std::string::npos);
  EXPECT_EQ(one("SELECT action FROM dag_access"), "read");
}

}  // namespace
}  // namespace leoflow::engine
