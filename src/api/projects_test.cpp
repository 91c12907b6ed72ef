#include "api/testing/fixture.hpp"

namespace leoflow::api {
namespace {

class ProjectsApiTest : public ApiTest {
 protected:
  ProjectsApiTest() {
    artifact_.project = "sales";
    artifact_.dag_version = "v1";
    artifact_.python_version = "3.11";
    for (const char* label : {"v1", "v2"}) {
      artifact_.dag_version = label;
      artifact_.image = std::string("i:") + label;
      const auto session = database_->connect();
      session->execute(
          "INSERT INTO project_version (project, dag_version, content_hash, image, python_version, document,"
          " created_at, created_by) VALUES ('sales', $1, $2, $3, '3.11', $4, $5, 'me')",
          {artifact_.dag_version, artifact_.content_hash(), artifact_.image, artifact_.text(),
           now_ + std::chrono::seconds(label[1])});
    }
    sql("INSERT INTO project (project, dag_version, chosen_at, chosen_by) VALUES ('sales', 'v2', 1, 'me')");
  }

  dag::Artifact artifact_;  ///< v2
};

TEST_F(ProjectsApiTest, WhatIsPushedIsRegisteredForItsUser) {
  commands_.registration = engine::RegisteredVersion{"v2", true};
  const auto answer = call("POST", "/api/v2/projects", artifact_.text());
  EXPECT_EQ(answer.status, 201) << answer.body;
  EXPECT_EQ(get_text(*parse_json(answer.body), "content_hash"), artifact_.content_hash());
  ASSERT_EQ(commands_.registered.size(), 1U);
  EXPECT_EQ(commands_.registered[0].artifact.text(), artifact_.text());
  EXPECT_EQ(commands_.registered[0].user, "admin");
  commands_.registration = engine::RegisteredVersion{"v2", false};
  EXPECT_EQ(call("POST", "/api/v2/projects", artifact_.text()).status, 200);
}

TEST_F(ProjectsApiTest, ALabelWithOtherContentIsAConflict) {
  commands_.registration = fail(ErrorCode::conflict, "version 'v2' has other content");
  const auto answer = call("POST", "/api/v2/projects", artifact_.text());
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(detail_of(answer), "version 'v2' has other content");
}

TEST_F(ProjectsApiTest, AnArtifactThatWasChangedIsRefused) {
  std::string text = artifact_.text();
  text.replace(text.find("i:v2"), 4, "evil");
  const auto answer = call("POST", "/api/v2/projects", text);
  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(detail_of(answer).find("it was changed after it was compiled"), std::string::npos);
  EXPECT_EQ(call("POST", "/api/v2/projects", "").status, 400);
  EXPECT_TRUE(commands_.registered.empty());
}

TEST_F(ProjectsApiTest, AnArtifactThatIsTooLargeIsRefusedUnread) {
  const auto answer = call("POST", "/api/v2/projects", std::string(50'000'000, ' '));
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(detail_of(answer), "the artifact has 50000000 bytes; 33554432 are the most");
}

TEST_F(ProjectsApiTest, TheAuditLogNamesTheVersionAndLeavesItsContentOut) {
  commands_.registration = engine::RegisteredVersion{"v2", true};
  call("POST", "/api/v2/projects", artifact_.text());
  const auto logged = ok_json("GET", "/api/v2/eventLogs");
  const std::string extra = get_text(logged.at("event_logs").at(0), "extra");
  EXPECT_NE(extra.find(artifact_.content_hash()), std::string::npos);
  EXPECT_EQ(extra.find("python_version"), std::string::npos);
}

TEST_F(ProjectsApiTest, AnOldVersionIsPushedAgainByItsName) {
  commands_.registration = engine::RegisteredVersion{"v1", false};
  const auto chosen = ok_json("PATCH", "/api/v2/projects/sales", json::object{{"dag_version", "v1"}});
  EXPECT_EQ(get_text(chosen, "image"), "i:v1");
  ASSERT_EQ(commands_.registered.size(), 1U);
  EXPECT_EQ(commands_.registered[0].artifact.image, "i:v1");
  EXPECT_EQ(detail_of(call("PATCH", "/api/v2/projects/sales", R"({"dag_version": "v3"})")),
            "The project `sales` has no version `v3`");
  EXPECT_EQ(call("PATCH", "/api/v2/projects/sales", "{}").status, 422);
}

TEST_F(ProjectsApiTest, VersionsAreListedTheNewestFirst) {
  const auto list = ok_json("GET", "/api/v2/projects/sales/versions");
  EXPECT_EQ(list.at("total_entries"), 2);
  EXPECT_EQ(get_text(list.at("versions").at(0), "dag_version"), "v2");
  EXPECT_TRUE(list.at("versions").at(0).at("is_current").get_bool());
  EXPECT_FALSE(list.at("versions").at(1).at("is_current").get_bool());
  EXPECT_EQ(get("/api/v2/projects/stock/versions").status, 404);
  EXPECT_EQ(get("/api/v2/projects/sales/versions/v2").body, artifact_.text());
  EXPECT_EQ(get("/api/v2/projects/sales/versions/v3").status, 404);
  EXPECT_EQ(get_text(ok_json("GET", "/api/v2/projects").at("projects").at(0), "dag_version"), "v2");
}

TEST_F(ProjectsApiTest, OnlyWhoRunsTheInstallationMayPush) {
  auth::put_user(*database_->connect(), {"ulla", "none", auth::Role::user}, now_);
  token_ = tokens_.issue("ulla", auth::Role::user, now_, auth::Tokens::kUserLife);
  EXPECT_EQ(call("POST", "/api/v2/projects", artifact_.text()).status, 403);
  EXPECT_EQ(call("PATCH", "/api/v2/projects/sales", R"({"dag_version": "v1"})").status, 403);
  EXPECT_EQ(get("/api/v2/projects").status, 200);
  EXPECT_TRUE(commands_.registered.empty());
}

}  // namespace
}  // namespace leoflow::api
