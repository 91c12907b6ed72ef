#include "api/testing/fixture.hpp"

namespace leoflow::api {
namespace {

class NotesTest : public ApiTest {
 protected:
  NotesTest() {
    ok_json("PATCH", kTask, json::object{{"note", "a task's"}});
    ok_json("PATCH", kRun, json::object{{"note", "a run's"}});
  }

  std::string note_of(const std::string& path) {
    const auto row = ok_json("GET", path);
    const json::value* note = find(row, "note");
    return note->is_null() ? "none" : std::string(note->get_string());
  }

  /// Says it of the run and of the task in changes of many, under a mask.
  void in_bulk(json::value note, json::value mask) {
    for (const bool of_task : {false, true}) {
      json::object entity{{"note", note}};
      entity[of_task ? "task_id" : "dag_run_id"] = of_task ? "extract" : "manual__1";
      const json::object action{
          {"action", "update"}, {"entities", json::array{entity}}, {"update_mask", mask}};
      ok_json("PATCH", of_task ? kRun + "/taskInstances" : "/api/v2/dags/hello/dagRuns",
              json::object{{"actions", json::array{action}}});
    }
  }

  inline static const std::string kTask = kRun + "/taskInstances/extract";
};

TEST_F(NotesTest, NullTakesTheNoteOfARunAway) {
  ok_json("PATCH", kRun, json::object{{"note", nullptr}});
  EXPECT_EQ(note_of(kRun), "none");
}

TEST_F(NotesTest, NullTakesTheNoteOfATaskAwayIfTheMaskNamesIt) {
  for (const std::string mask : {"", "?update_mask=new_state"}) {
    ok_json("PATCH", kTask + mask, json::object{{"note", nullptr}});
    EXPECT_EQ(note_of(kTask), "a task's") << mask;
  }
  ok_json("PATCH", kTask + "?update_mask=note", json::object{{"note", nullptr}});
  EXPECT_EQ(note_of(kTask), "none");
}

TEST_F(NotesTest, AnEmptyNoteIsNone) {
  for (const std::string& path : {kRun, kTask}) {
    ok_json("PATCH", path, json::object{{"note", ""}});
    EXPECT_EQ(note_of(path), "none");
  }
}

TEST_F(NotesTest, ChangesOfManyTakeNotesAwayByEmptyOnesOnly) {
  for (const json::value& mask : {json::value(nullptr), json::value(json::array{"note"})}) {
    in_bulk(nullptr, mask);
    EXPECT_EQ(note_of(kRun) + ", " + note_of(kTask), "a run's, a task's");
  }
  in_bulk("", nullptr);
  EXPECT_EQ(note_of(kRun) + ", " + note_of(kTask), "none, none");
}

TEST_F(NotesTest, ARunIsNotStartedWithAnEmptyNote) {
  for (const std::string note : {"", "first"}) {
    call("POST", "/api/v2/dags/hello/dagRuns",
         json::serialize(json::object{{"logical_date", nullptr}, {"note", note}}));
  }
  ASSERT_EQ(commands_.triggered.size(), 2U);
  EXPECT_EQ(commands_.triggered[0].note, std::nullopt);
  EXPECT_EQ(commands_.triggered[1].note, "first");
}

TEST_F(NotesTest, ClearingWithAnEmptyNoteLeavesThoseOfTheTasksAndTakesThatOfTheRun) {
  const json::object body{{"dry_run", false}, {"only_failed", false}, {"note", ""}};
  json::object of_tasks = body;
  of_tasks["dag_run_id"] = "manual__1";
  ok_json("POST", "/api/v2/dags/hello/clearTaskInstances", of_tasks);
  ASSERT_EQ(commands_.cleared.size(), 1U);
  EXPECT_EQ(commands_.cleared[0].note, std::nullopt);
  ok_json("POST", kRun + "/clear", body);
  EXPECT_EQ(note_of(kRun), "none");
}

}  // namespace
}  // namespace leoflow::api
