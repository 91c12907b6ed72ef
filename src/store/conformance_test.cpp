// One suite that every backend passes.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <thread>

#include "store/migrator.hpp"
#include "store/temporary_database.hpp"

namespace leoflow::store {
namespace {

class Conformance : public testing::TestWithParam<Backend> {
 protected:
  void SetUp() override {
    if (!TemporaryDatabase::available(GetParam())) GTEST_SKIP() << "LEOFLOW_TEST_POSTGRES is not set";
    database_.emplace(GetParam());
    session_ = (*database_)->connect();
  }

  void insert_pool(std::string_view name, int slots) {
    session_->execute(
        "INSERT INTO pool (name, slots, description, include_deferred) VALUES ($1, $2, NULL, 0)",
        {name, slots});
  }
  std::int64_t pools() { return session_->query("SELECT COUNT(*) FROM pool")[0].integer(0); }

  std::optional<TemporaryDatabase> database_;
  std::unique_ptr<Session> session_;
};

INSTANTIATE_TEST_SUITE_P(Backends, Conformance, testing::Values(Backend::sqlite, Backend::postgres),
                         [](const auto& backend) {
                           return backend.param == Backend::sqlite ? "Sqlite" : "Postgres";
                         });

TEST_P(Conformance, EveryTypeComesBackAsItWentIn) {
  session_->execute_script("CREATE TABLE t (i BIGINT, d DOUBLE PRECISION, s TEXT, n TEXT)");
  const std::string odd = "quote ' backslash \\ newline \n umlaut \xc3\xbc emoji \xf0\x9f\xa6\x81 $1";
  session_->execute("INSERT INTO t (i, d, s, n) VALUES ($1, $2, $3, $4)",
                    {std::int64_t{-9'000'000'000'000}, 0.1, odd, nullptr});
  const Rows rows = session_->query("SELECT i, d, s, n FROM t WHERE s = $1", {odd});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].integer(0), -9'000'000'000'000);
  EXPECT_EQ(rows[0].number(1), 0.1);
  EXPECT_EQ(rows[0].text(2), odd);
  EXPECT_TRUE(rows[0].is_null(3));
  EXPECT_EQ(rows[0].find_text(3), std::nullopt);
}

TEST_P(Conformance, EachShowsTheRowsOfAQueryOneAfterTheOther) {
  session_->execute_script("CREATE TABLE t (i BIGINT, d DOUBLE PRECISION, s TEXT)");
  const std::string longer(100, 'x');
  session_->execute_many(
      "INSERT INTO t (i, d, s) VALUES ($1, $2, $3)",
      std::vector<Params>{{1, 0.5, longer}, {2, nullptr, "short"}, {nullptr, 2.5, nullptr}});
  const std::string sql = "SELECT i, d, s FROM t WHERE d IS NULL OR d > $1 ORDER BY COALESCE(i, 3)";
  const Params least{0.1};
  const Rows whole = session_->query(sql, least);
  ASSERT_EQ(whole.size(), 3U);
  std::size_t shown = 0;
  session_->each(sql, least, [&](Row row) {
    const Row expected = whole[shown++];
    for (std::size_t column = 0; column < 3; ++column) EXPECT_EQ(row.value(column), expected.value(column));
  });
  EXPECT_EQ(shown, 3U);
  EXPECT_THROW(session_->each(sql, least, [](Row row) { row.text(0); }), Fatal);
  EXPECT_EQ(session_->query(sql, least).size(), 3U) << "the session works on";
}

TEST_P(Conformance, ReadingAWrongTypeIsLoud) {
  insert_pool("p", 1);
  const Rows rows = session_->query("SELECT name, slots, description FROM pool WHERE name = 'p'");
  EXPECT_THROW(rows[0].integer(0), Fatal);
  EXPECT_THROW(rows[0].text(1), Fatal);
  EXPECT_THROW(rows[0].text(2), Fatal);
}

TEST_P(Conformance, ChangesAreCounted) {
  insert_pool("a", 1);
  insert_pool("b", 2);
  EXPECT_EQ(session_->execute("UPDATE pool SET slots = 3 WHERE name IN ($1, $2)", {"a", "b"}), 2);
  EXPECT_EQ(session_->execute("DELETE FROM pool WHERE name = $1", {"nobody"}), 0);
}

TEST_P(Conformance, ManyRowsAreWrittenAtOnce) {
  std::vector<Params> rows;
  for (int i = 0; i < 1000; ++i) rows.push_back({"pool " + std::to_string(i), i});
  session_->execute_many("INSERT INTO pool (name, slots, include_deferred) VALUES ($1, $2, 0)", rows);
  EXPECT_EQ(pools(), 1001);
}

TEST_P(Conformance, ManyRowsFailAsOneAndLeaveTheSessionUsable) {
  std::vector<Params> rows;
  for (int i = 0; i < 600; ++i) rows.push_back({"pool " + std::to_string(i % 500), i});
  EXPECT_THROW(
      {
        Transaction transaction(*session_);
        session_->execute_many("INSERT INTO pool (name, slots, include_deferred) VALUES ($1, $2, 0)", rows);
        transaction.commit();
      },
      UniqueViolation);
  EXPECT_EQ(pools(), 1);
}

TEST_P(Conformance, UncommittedChangesVanish) {
  {
    Transaction transaction(*session_);
    insert_pool("gone", 1);
  }
  EXPECT_EQ(pools(), 1);
  {
    Transaction transaction(*session_);
    insert_pool("stays", 1);
    transaction.commit();
  }
  EXPECT_EQ(pools(), 2);
}

TEST_P(Conformance, ReadersSeeOnlyCommittedDataAndDoNotWait) {
  Transaction transaction(*session_);
  insert_pool("pending", 1);
  {
    const auto reader = (*database_)->read();
    EXPECT_EQ(reader->query("SELECT COUNT(*) FROM pool")[0].integer(0), 1);
  }
  transaction.commit();
  const auto reader = (*database_)->read();
  EXPECT_EQ(reader->query("SELECT COUNT(*) FROM pool")[0].integer(0), 2);
}

TEST_P(Conformance, AConnectionThatTheServerHasEndedIsNotLentToReaders) {
  if (GetParam() != Backend::postgres) GTEST_SKIP() << "SQLite has no server";
  {
    const auto one = (*database_)->read();
    const auto other = (*database_)->read();
  }
  // Waits until they are gone, as one does after a restart.
  session_->query(
      "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
      " WHERE datname = current_database() AND pid <> pg_backend_pid()");
  EXPECT_EQ((*database_)->read()->query("SELECT COUNT(*) FROM pool")[0].integer(0), pools());
}

TEST_P(Conformance, ReadersCannotWrite) {
  const auto reader = (*database_)->read();
  EXPECT_THROW(reader->execute("DELETE FROM pool"), Fatal);
}

TEST_P(Conformance, AReadersStatementHasALimitOfTimeAndAWritersHasNone) {
  const auto numbers = [](std::string_view end) {
    return fmt::format(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n {}) SELECT MAX(i) FROM n", end);
  };
  (*database_)->limit_reads(std::chrono::milliseconds(20));
  const auto reader = (*database_)->read();
  EXPECT_THROW(reader->query(numbers("")), TooSlow);
  EXPECT_THROW(reader->each(numbers(""), {}, [](Row) {}), TooSlow);
  EXPECT_EQ(reader->query("SELECT COUNT(*) FROM pool")[0].integer(0), 1) << "the session works on";
  EXPECT_EQ(session_->query(numbers("WHERE i < 300000"))[0].integer(0), 300'000);
}

TEST_P(Conformance, TakenKeysAreAnAnswerOfTheirOwn) {
  insert_pool("a", 1);
  EXPECT_THROW(insert_pool("a", 2), UniqueViolation);
  EXPECT_EQ(pools(), 2);
}

TEST_P(Conformance, BadStatementsAreABug) {
  EXPECT_THROW(session_->query("SELECT nonsense FROM nowhere"), Fatal);
  EXPECT_EQ(pools(), 1);
}

TEST_P(Conformance, UpsertsAndReturningWork) {
  for (const int slots : {1, 2}) {
    const Rows rows = session_->query(
        "INSERT INTO pool (name, slots, include_deferred) VALUES ($1, $2, 0) "
        "ON CONFLICT (name) DO UPDATE SET slots = excluded.slots RETURNING slots",
        {"p", slots});
    EXPECT_EQ(rows[0].integer(0), slots);
  }
}

TEST_P(Conformance, DeletingARunTakesItsTaskInstancesAlong) {
  session_->execute_script(
      "INSERT INTO dag (dag_id, bundle_name, bundle_path, relative_fileloc, dag_display_name, owners, "
      "timetable_type,"
      " is_paused, is_stale, has_import_errors, has_task_concurrency_limits, max_active_tasks, "
      "max_active_runs,"
      " max_consecutive_failed_dag_runs, current_version_id, last_parsed_at)"
      " VALUES ('d', 'b', '/', 'd.py', 'd', '', 't', 0, 0, 0, 0, 16, 16, 0, 'v', 0);"
      "INSERT INTO dag_run (dag_id, run_id, dag_version_id, state, run_type, triggered_by, run_after, conf, "
      "updated_at)"
      " VALUES ('d', 'r', 'v', 'running', 'manual', 'ui', 0, '{}', 0);"
      "INSERT INTO task_instance (id, dag_id, run_id, task_id, map_index, try_number, max_tries, "
      "dag_version_id,"
      " task_display_name, operator, pool, pool_slots, queue, priority_weight, updated_at)"
      " VALUES ('t', 'd', 'r', 't', -1, 0, 0, 'v', 't', 'o', 'p', 1, 'q', 1, 0);");
  EXPECT_EQ(session_->execute("DELETE FROM dag_run WHERE run_id = 'r'"), 1);
  EXPECT_EQ(session_->query("SELECT COUNT(*) FROM task_instance")[0].integer(0), 0);
}

std::vector<std::string> schema_of(Session& session, Backend backend) {
  const Rows rows = session.query(
      backend == Backend::sqlite
          ? "SELECT type || ' ' || name || ' ' || COALESCE(sql, '') FROM sqlite_master WHERE name NOT LIKE "
            "'sqlite_%' "
            "ORDER BY 1"
          : "SELECT table_name || ' ' || column_name || ' ' || data_type || ' ' || is_nullable FROM "
            "information_schema.columns WHERE table_schema = current_schema() ORDER BY 1");
  std::vector<std::string> out;
  for (const Row row : rows) out.push_back(row.text(0));
  return out;
}

TEST_P(Conformance, MigrationsGoUpDownAndUpToTheSameSchema) {
  Migrator migrator(**database_);
  const auto before = schema_of(*session_, GetParam());
  ASSERT_TRUE(migrator.migrate_down(0));
  EXPECT_EQ(migrator.status().condition, SchemaCondition::empty);
  ASSERT_TRUE(migrator.migrate());
  session_ = (*database_)->connect();
  EXPECT_EQ(schema_of(*session_, GetParam()), before);
  EXPECT_EQ(migrator.status().condition, SchemaCondition::current);
}

TEST_P(Conformance, ANewerDatabaseIsRefused) {
  session_->execute("INSERT INTO schema_migration (version, name, dirty) VALUES (9999, 'future', 0)");
  Migrator migrator(**database_);
  EXPECT_EQ(migrator.status().condition, SchemaCondition::newer);
  const auto migrated = migrator.migrate();
  ASSERT_FALSE(migrated);
  EXPECT_NE(migrated.error().message.find("9999"), std::string::npos);
}

TEST_P(Conformance, AHalfMigratedDatabaseIsRefusedUntilReset) {
  session_->execute("UPDATE schema_migration SET dirty = 1");
  Migrator migrator(**database_);
  EXPECT_EQ(migrator.status().condition, SchemaCondition::dirty);
  EXPECT_FALSE(migrator.migrate());
  session_.reset();
  ASSERT_TRUE(migrator.reset());
  EXPECT_EQ(migrator.status().condition, SchemaCondition::current);
}

TEST_P(Conformance, AFailingMigrationChangesNothingAndIsTriedAgain) {
  auto migrations = embedded_migrations(GetParam());
  const int before = migrations.back().number;
  const int broken = before + 1;
  migrations.push_back({broken, "broken", "CREATE TABLE half (i BIGINT); CREATE NONSENSE", ""});
  Migrator migrator(**database_, migrations);
  EXPECT_THROW((void)migrator.migrate(), Fatal);
  EXPECT_EQ(migrator.status().condition, SchemaCondition::behind);
  EXPECT_EQ(migrator.status().version, before);
  migrations.back().up = "CREATE TABLE half (i BIGINT)";
  EXPECT_EQ(*Migrator(**database_, migrations).migrate(), std::vector{broken}) << "no half of it was left";
}

TEST_P(Conformance, TwoWritersTakeTurns) {
  const auto other = (*database_)->connect();
  {
    Transaction transaction(*session_);
    insert_pool("first", 1);
    transaction.commit();
  }
  {
    Transaction transaction(*other);
    other->execute("UPDATE pool SET slots = slots + 1 WHERE name = 'first'");
    transaction.commit();
  }
  EXPECT_EQ(session_->query("SELECT slots FROM pool WHERE name = 'first'")[0].integer(0), 2);
}

TEST(DatabaseUrl, RefusesWhatItDoesNotKnow) {
  for (const char* url : {"mysql://x/y", "", "sqlite:///", "postgresql://host"}) {
    EXPECT_FALSE(Database::open(url)) << url;
  }
}

TEST(DatabaseUrl, NeverRepeatsAPassword) {
  const auto database = Database::open("postgresql://me:hunter2@host/leoflow");
  EXPECT_EQ((*database)->description().find("hunter2"), std::string::npos);
  const auto refused = Database::open("postgresql://me:hunter2@[broken/leoflow");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message.find("hunter2"), std::string::npos);
}

TEST_P(Conformance, StatementsAreForgottenInTimeAndWorkAgain) {
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < kMostStatements + 10; ++i)
      EXPECT_EQ(session_->query(fmt::format("SELECT {} + $1", i), {std::int64_t{1}}).size(), 1U);
  }
}

}  // namespace
}  // namespace leoflow::store
