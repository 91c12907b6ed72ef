#include "lite/image_recipe.hpp"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/ids.hpp"
#include "base/text.hpp"

namespace leoflow::lite {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;

class ImageRecipeTest : public testing::Test {
 protected:
  ~ImageRecipeTest() override { std::filesystem::remove_all(root_); }

  /// @returns the folder of a project with this leoflow.yaml.
  std::string project(const std::string& name, const std::string& text) {
    const std::string folder = root_ + "/" + name;
    std::filesystem::create_directories(folder);
    write_file_atomically(folder + "/leoflow.yaml", text);
    return folder;
  }

  const std::string root_ = testing::TempDir() + "image_recipe_" + random_hex(6);
};

TEST_F(ImageRecipeTest, ItsDockerfileInstallsWhatTheProjectsSay) {
  const auto recipe = read_image_recipe(
      root_, {project("a", "dependencies: ['pandas>=2, <3']\nsystem_packages: [git]\n"),
              project("b", "dependencies: ['duckdb; python_version > \"3.9\"']\npython_version: '3.11'\n")});
  ASSERT_TRUE(recipe) << recipe.error().message;
  EXPECT_EQ(recipe->python_version, "3.11");
  EXPECT_EQ(
      recipe->dockerfile("base:1"),
      "# Made by `leoflow build`.\n"
      "FROM base:1\n"
      "USER root\n"
      "RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "
      "--no-install-recommends git && rm -rf /var/lib/apt/lists/*\n"
      "RUN [\"pip\",\"install\",\"--quiet\",\"--no-cache-dir\",\"--constraint\","
      "\"/opt/leoflow/airflow.pin\",\"--\",\"duckdb; python_version > \\\"3.9\\\"\",\"pandas>=2, <3\"]\n"
      "USER 65532:65532\n"
      "COPY . /opt/leoflow/dags/\n");
}

TEST_F(ImageRecipeTest, FilesAreAllThatAnImageOfNothingElseHas) {
  EXPECT_EQ(read_image_recipe(root_, {})->dockerfile("base:1"),
            "# Made by `leoflow build`.\nFROM base:1\nCOPY . /opt/leoflow/dags/\n");
}

TEST_F(ImageRecipeTest, ARequirementsFileIsInstalledBeforeTheFilesAreThere) {
  project("", "owner: me\n");
  write_file_atomically(root_ + "/requirements.txt", "pandas\n");
  EXPECT_THAT(read_image_recipe(root_, {})->dockerfile("base:1"),
              HasSubstr("COPY requirements.txt /opt/leoflow/requirements.txt\nRUN [\"pip\""));
}

TEST_F(ImageRecipeTest, PatternsOfAProjectLeaveOutWhatIsBelowIt) {
  const auto recipe =
      read_image_recipe(root_, {project("a", "exclude_paths: [notebooks/, /top.txt, data/raw, '!keep']\n")});
  EXPECT_THAT(recipe->excluded,
              IsSupersetOf({"a/**/notebooks", "a/top.txt", "a/data/raw", "!a/**/keep", "**/.git"}));
}

TEST_F(ImageRecipeTest, ProjectsThatCannotShareAnImageAreNamed) {
  const auto recipe = read_image_recipe(
      root_, {project("a", "python_version: '3.11'\n"), project("b", "python_version: '3.12'\n")});
  ASSERT_FALSE(recipe);
  EXPECT_EQ(recipe.error().code, ErrorCode::conflict);
  EXPECT_EQ(recipe.error().message, "'" + root_ +
                                        "/b' says that its python_version is '3.12', another project '3.11': "
                                        "they cannot share an image");
}

}  // namespace
}  // namespace leoflow::lite
