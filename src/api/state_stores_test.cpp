#include "api/testing/assets.hpp"

namespace leoflow::api {
namespace {

const std::string kTaskState = "/api/v2/dags/hello/dagRuns/manual__1/taskInstances/extract/state-store";

class TaskStateTest : public ApiTest {
 protected:
  int put(const std::string& key, const std::string& body) {
    return call("PUT", kTaskState + "/" + key, body).status;
  }
};

TEST_F(TaskStateTest, WhatIsPutIsReadListedAndDeleted) {
  EXPECT_EQ(put("offset", R"({"value": {"n": 7}})"), 204);
  EXPECT_EQ(put("note", R"({"value": "x", "expires_at": null})"), 204);
  const auto entry = ok_json("GET", kTaskState + "/offset");
  EXPECT_EQ(find(entry, "value")->at("n"), 7);
  EXPECT_EQ(get_text(entry, "expires_at"), "2025-11-08T08:53:20Z");  // thirty days
  const auto list = ok_json("GET", kTaskState);
  EXPECT_EQ(column(items(list, "task_state_store"), "key"), "note,offset");
  EXPECT_TRUE(find(ok_json("GET", kTaskState + "/note"), "expires_at")->is_null());
  EXPECT_EQ(call("DELETE", kTaskState + "/note").status, 204);
  EXPECT_EQ(call("DELETE", kTaskState + "/note").status, 204);
  EXPECT_EQ(detail_of(get(kTaskState + "/note")), "Task state store key 'note' not found");
  EXPECT_EQ(call("DELETE", kTaskState).status, 204);
  EXPECT_EQ(get_integer(ok_json("GET", kTaskState), "total_entries", -1), 0);
}

TEST_F(TaskStateTest, APatchChangesTheValueAndKeepsTheExpiry) {
  put("note", R"({"value": "x", "expires_at": "2030-01-01T00:00:00Z"})");
  EXPECT_EQ(call("PATCH", kTaskState + "/note", R"({"value": "y"})").content(), "null");
  const auto entry = ok_json("GET", kTaskState + "/note");
  EXPECT_EQ(get_text(entry, "value"), "y");
  EXPECT_EQ(get_text(entry, "expires_at"), "2030-01-01T00:00:00Z");
  EXPECT_EQ(call("PATCH", kTaskState + "/other", R"({"value": "y"})").status, 404);
}

TEST_F(TaskStateTest, ValuesThatCannotBeKeptAreRefused) {
  EXPECT_EQ(put("note", R"({"value": null})"), 422);
  EXPECT_EQ(put("note", R"({"value": ")" + std::string(70'000, 'x') + R"("})"), 422);
  EXPECT_EQ(put("note", R"({"value": 1, "expires_at": "tomorrow"})"), 422);
  EXPECT_EQ(get(kTaskState + "/note").status, 404);
}

TEST_F(TaskStateTest, OnlyTaskInstancesThatExistHaveState) {
  EXPECT_EQ(detail_of(call("PUT", kTaskState + "/note?map_index=3", R"({"value": 1})")),
            "Task instance not found for dag_id='hello', run_id='manual__1', task_id='extract', map_index=3");
  EXPECT_EQ(call("DELETE", kTaskState + "?map_index=3").status, 404);
  EXPECT_EQ(call("DELETE", kTaskState + "?map_index=3&all_map_indices=true").status, 204);
}

TEST_F(AssetsTest, TheStateOfAnAssetTellsWhoWroteIt) {
  const std::string path = "/api/v2/assets/1/state-store";
  EXPECT_EQ(call("PUT", path + "/cursor", R"({"value": [1]})").status, 204);
  const auto entry = ok_json("GET", path + "/cursor");
  EXPECT_EQ(get_text(*find(entry, "last_updated_by"), "kind"), "api");
  EXPECT_EQ(column(items(ok_json("GET", path), "asset_state_store"), "key"), "cursor");
  EXPECT_EQ(call("DELETE", path + "/cursor").status, 204);
  EXPECT_EQ(detail_of(get(path + "/cursor")), "Asset state store key 'cursor' not found");
  EXPECT_EQ(call("PUT", path + "/cursor", R"({"value": null})").status, 422);
  EXPECT_EQ(call("DELETE", path).status, 204);
  EXPECT_EQ(detail_of(call("PUT", "/api/v2/assets/99/state-store/x", R"({"value": 1})")),
            "Asset with id 99 not found");
}

}  // namespace
}  // namespace leoflow::api
