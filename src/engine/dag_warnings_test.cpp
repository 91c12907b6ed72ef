#include "engine/engine_fixture.hpp"

namespace leoflow::engine {
namespace {

class DagWarnings : public EngineTest {
 protected:
  /// A DAG in a file of its own that is scheduled on an asset.
  void put_dag(const std::string& dag_id, const std::string& name, const std::string& uri) {
    ParsedFile file = file_with(dag_id, operator_json("a", ""), dag_id + ".py");
    file.serialized_dags[0].at("dag").as_object()["timetable"] = *parse_json(fmt::format(
        R"({{"__type":"airflow.timetables.simple.AssetTriggeredTimetable","__var":{{"asset_condition":
                        {{"__type":"asset","name":"{}","uri":"{}","group":"asset","extra":{{}}}}}}}})",
        name, uri));
    put(std::move(file));
  }
  ParsedFile warned_of(std::vector<std::string> messages) const {
    ParsedFile file = file_with("d", operator_json("a", ""));
    for (std::string& message : messages)
      file.warnings.push_back({"d", "runtime varying value", std::move(message)});
    return file;
  }
};

INSTANTIATE_TEST_SUITE_P(Backends, DagWarnings,
                         testing::Values(store::Backend::sqlite, store::Backend::postgres), backend_name);

TEST_P(DagWarnings, TheParsersAreKeptUntilAFileIsParsedWithoutThem) {
  put(warned_of({"now() changes"}));
  EXPECT_EQ(one("SELECT message FROM dag_warning WHERE dag_id = 'd'"), "now() changes");
  clock_.advance(1s);
  put(warned_of({"now() changes, too"}));
  EXPECT_EQ(one("SELECT message FROM dag_warning WHERE created_at = 1767225600000000"), "now() changes, too");
  put(warned_of({}));
  EXPECT_EQ(count("dag_warning"), 0);
}

TEST_P(DagWarnings, ThoseOfADagGoWithIt) {
  put(warned_of({"now() changes"}));
  ASSERT_TRUE(engine_->delete_dag("d"));
  EXPECT_EQ(count("dag_warning"), 0);
  put(warned_of({"now() changes"}));
  engine_->remove_file("dags-folder", "d.py");
  ASSERT_TRUE(engine_->write([](store::Session&) -> Result<void> { return {}; }));
  EXPECT_EQ(count("dag_warning"), 0);
}

TEST_P(DagWarnings, OfTwoAssetsWithOneNameTheFirstIsActiveAndTheOtherDagIsWarned) {
  put_dag("first", "a", "x://1");
  put_dag("second", "a", "x://2");
  put_dag("third", "b", "x://1");
  EXPECT_EQ(one("SELECT uri FROM asset WHERE is_active = 1"), "x://1");
  EXPECT_EQ(
      one("SELECT message FROM dag_warning WHERE dag_id = 'second' AND warning_type = 'asset conflict'"),
      R"(Cannot activate asset Asset(name="a", uri="x://2", group="asset"); )"
      "name is already associated to 'x://1'");
  EXPECT_EQ(one("SELECT message FROM dag_warning WHERE dag_id = 'third'"),
            R"(Cannot activate asset Asset(name="b", uri="x://1", group="asset"); )"
            "uri is already associated to 'a'");
}

TEST_P(DagWarnings, AConflictEndsWhenADagNamesAnotherAssetOrIsGone) {
  put_dag("first", "a", "x://1");
  put_dag("second", "a", "x://2");
  clock_.advance(1s);
  put_dag("first", "c", "x://3");
  EXPECT_EQ(count("dag_warning"), 0);
  EXPECT_EQ(count("asset WHERE is_active = 1 AND uri = 'x://2'"), 1);
  clock_.advance(1s);
  put_dag("first", "a", "x://1");
  EXPECT_EQ(one("SELECT dag_id FROM dag_warning"), "first");
  engine_->remove_file("dags-folder", "second.py");
  ASSERT_TRUE(engine_->write([](store::Session&) -> Result<void> { return {}; }));
  EXPECT_EQ(count("dag_warning"), 0);
  EXPECT_EQ(one("SELECT uri FROM asset WHERE is_active = 1 AND name = 'a'"), "x://1");
}

}  // namespace
}  // namespace leoflow::engine
