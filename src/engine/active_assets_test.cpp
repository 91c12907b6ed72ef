#include "engine/engine_fixture.hpp"

namespace leoflow::engine {
namespace {

class ActiveAssets : public EngineTest {
 protected:
  /// A DAG that is scheduled on the asset a.
  static ParsedFile file_on_asset(const std::string& name = "a") {
    ParsedFile file = file_with("d", operator_json("t", ""));
    file.serialized_dags[0].at("dag").as_object()["timetable"] = *parse_json(fmt::format(
        R"({{"__type":"airflow.timetables.simple.AssetTriggeredTimetable","__var":{{"asset_condition":
            {{"__type":"asset","name":"{}","uri":"x://1","group":"asset","extra":{{}}}}}}}})",
        name));
    return file;
  }
  void sql(const std::string& text) {
    ASSERT_TRUE(engine_->write([&](store::Session& session) -> Result<void> {
      session.execute(text);
      return {};
    }));
  }
  std::int64_t active() { return count("asset WHERE is_active = 1"); }
};

INSTANTIATE_TEST_SUITE_P(Backends, ActiveAssets,
                         testing::Values(store::Backend::sqlite, store::Backend::postgres), backend_name);

TEST_P(ActiveAssets, AreNotLookedThroughForAFileThatSaysWhatItSaidBefore) {
  put(file_on_asset());
  ASSERT_EQ(active(), 1);
  sql("UPDATE asset SET is_active = 0");
  put(file_on_asset());
  EXPECT_EQ(active(), 0);
}

TEST_P(ActiveAssets, WithNamesTooLongForAnIndexAreAnImportError) {
  put(file_on_asset(std::string(1996, 'a')));
  EXPECT_EQ(one("SELECT stacktrace FROM import_error"),
            "Dag 'd': the name and the URI of asset '" + std::string(50, 'a') +
                "...' have 2001 bytes together, at most 2000 are possible\n");
  EXPECT_EQ(count("dag"), 0);
  put(file_on_asset(std::string(1995, 'a')));
  EXPECT_EQ(active(), 1);
}

TEST_P(ActiveAssets, ComeBackWithTheirUnchangedDag) {
  put(file_on_asset());
  engine_->remove_file("dags-folder", "d.py");
  sql("UPDATE dag SET description = 'waits for the file to be gone'");
  ASSERT_EQ(active(), 0);
  put(file_on_asset());
  EXPECT_EQ(active(), 1);
  EXPECT_EQ(count("dag_version"), 1);
}

TEST_P(ActiveAssets, ComeBackWhenAnAliasStandsForThem) {
  put(file_on_asset());
  clock_.advance(1s);
  put(file_with("d", operator_json("t", "")));
  ASSERT_EQ(active(), 0);
  trigger("d");
  OutletReport report;
  report.outlets.resize(1);
  report.outlets[0].kind = dag::AssetLeaf::Kind::alias;
  report.outlets[0].key.name = "stand-in";
  report.events.push_back({.alias = "stand-in", .asset = {"a", "x://1"}});
  const AttemptSpec attempt = runner_.next();
  engine_->attempt_started({attempt.id, "host", "me", 42, clock_.now()});
  std::promise<bool> accepted;
  engine_->attempt_succeeded(attempt.id, report, [&](bool ok) { accepted.set_value(ok); });
  ASSERT_TRUE(accepted.get_future().get());
  EXPECT_EQ(active(), 1);
}

}  // namespace
}  // namespace leoflow::engine
