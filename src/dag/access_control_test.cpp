#include "dag/access_control.hpp"

#include <gtest/gtest.h>

namespace leoflow::dag {
namespace {

Result<std::vector<Grant>> read_grants(std::string_view text) {
  return read_access_control(parse_json(text).value());
}

using Grants = std::vector<Grant>;

TEST(AccessControlTest, SetsOfActionsAreGivenByResource) {
  EXPECT_EQ(*read_grants(R"({"__type": "dict", "__var": {
              "team-a": {"__type": "dict", "__var": {"DAGs": {"__type": "set", "__var": ["can_edit", "can_read"]},
                                                     "DAG Runs": {"__type": "set", "__var": ["can_create"]}}},
              "team-b": {"__type": "dict", "__var": {"DAGs": ["can_delete"]}}}})"),
            (Grants{{"team-a", Access::edit},
                    {"team-a", Access::read},
                    {"team-a", Access::trigger},
                    {"team-b", Access::remove}}));
}

TEST(AccessControlTest, ActionsWithoutAResourceAreOnTheDag) {
  EXPECT_EQ(*read_grants(R"({"team-a": {"__type": "set", "__var": ["can_read"]}})"),
            (Grants{{"team-a", Access::read}}));
}

TEST(AccessControlTest, NothingIsGivenByNothing) {
  EXPECT_TRUE(read_grants("null")->empty());
  EXPECT_TRUE(read_grants(R"({"team-a": {"DAGs": []}})")->empty());
  EXPECT_TRUE(read_grants(R"({"team-a": {"DAG Runs": ["can_read", "menu_access"]}})")->empty());
}

TEST(AccessControlTest, UnknownWordsAreErrors) {
  EXPECT_NE(read_grants(R"({"a": {"DAGs": ["can_fly"]}})").error().message.find("can_fly"),
            std::string::npos);
  EXPECT_NE(read_grants(R"({"a": {"DAGs": ["can_create"]}})").error().message.find("can_create"),
            std::string::npos);
  EXPECT_NE(read_grants(R"({"a": {"Pools": ["can_read"]}})").error().message.find("Pools"),
            std::string::npos);
  EXPECT_FALSE(read_grants(R"({"a": {"DAGs": "can_read"}})"));
  EXPECT_FALSE(read_grants("[]"));
}

}  // namespace
}  // namespace leoflow::dag
