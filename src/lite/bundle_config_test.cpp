#include "lite/bundle_config.hpp"

#include <gtest/gtest.h>

namespace leoflow::lite {
namespace {

std::string error_of(std::string_view text) {
  const auto read = read_bundle_configs(text);
  return read ? "" : read.error().message;
}

TEST(BundleConfig, ReadsLocalFoldersAndRepositories) {
  const auto read = read_bundle_configs(R"([
    {"name":"here","classpath":"airflow.dag_processing.bundles.local.LocalDagBundle","kwargs":{"path":"/dags"}},
    {"name":"there","classpath":"airflow.providers.git.bundles.git.GitDagBundle",
     "kwargs":{"repo_url":"https://example.org/r.git","tracking_ref":"main","subdir":"dags","refresh_interval":5}}])");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->at(0).path, "/dags");
  EXPECT_FALSE(read->at(0).is_git());
  EXPECT_TRUE(read->at(1).is_git());
  EXPECT_EQ(read->at(1).subdir, "dags");
  EXPECT_EQ(read->at(1).refresh_interval.count(), 5);
}

TEST(BundleConfig, NothingGivenIsNothing) {
  EXPECT_TRUE(read_bundle_configs("")->empty());
}

TEST(BundleConfig, NamesTheBundleAndWhatIsWrong) {
  const auto git = [](std::string_view kwargs) {
    return R"([{"name":"r","classpath":"x.GitDagBundle","kwargs":)" + std::string(kwargs) + "}]";
  };
  EXPECT_NE(error_of(git(R"({"tracking_ref":"main"})")).find("'r': it needs a repo_url"), std::string::npos);
  EXPECT_NE(error_of(git(R"({"repo_url":"--upload-pack=x","tracking_ref":"main"})")).find("repo_url"),
            std::string::npos);
  EXPECT_NE(error_of(git(R"({"repo_url":"u","tracking_ref":"main","subdir":"../x"})")).find("'../x'"),
            std::string::npos);
  EXPECT_NE(error_of(git(R"({"repo_url":"u","tracking_ref":"m","git_conn_id":"g"})")).find("'git_conn_id'"),
            std::string::npos);
  EXPECT_NE(error_of(R"([{"name":"s","classpath":"x.S3DagBundle"}])").find("'x.S3DagBundle'"),
            std::string::npos);
  EXPECT_NE(error_of(R"([{"name":"../s","classpath":"x.LocalDagBundle"}])").find("'../s'"),
            std::string::npos);
  EXPECT_NE(error_of("{").find("dag_bundle_config_list"), std::string::npos);
}

}  // namespace
}  // namespace leoflow::lite
