#pragma once

#include <string>
#include <vector>

#include "store/database.hpp"

namespace leoflow::store {

struct Migration {
  int number;
  std::string name;
  std::string up;
  std::string down;
};

/// The migrations that this binary carries, by ascending number.
std::vector<Migration> embedded_migrations(Backend backend);

enum class SchemaCondition {
  empty,    ///< no tables of ours
  behind,   ///< migrations are missing
  current,  ///< ready
  newer,    ///< made by a newer binary: refused
  dirty,    ///< an earlier Leoflow says that a migration was cut off half way: refused
};

struct SchemaStatus {
  SchemaCondition condition;
  int version;  ///< of the database
  int latest;   ///< of the binary
};

/// Says in words what is wrong and what to do; "" if current.
std::string explain(const SchemaStatus& status);

class Migrator {
 public:
  explicit Migrator(Database& database);
  Migrator(Database& database, std::vector<Migration> migrations);

  SchemaStatus status();
  /// Brings the schema to the newest version; creates the database if needed.
  /// @returns the numbers applied. Errors: conflict (newer, dirty).
  Result<std::vector<int>> migrate();
  /// Takes the newest migrations back until `version` remains.
  /// Errors: conflict (dirty), invalid (no such version).
  Result<void> migrate_down(int version);
  /// Drops everything and migrates anew.
  Result<void> reset();

 private:
  /// One process migrates at a time.
  void wait_for_others(Session& session);
  void ensure_table(Session& session);
  SchemaStatus status(Session& session);
  /// Runs one step so that a crash leaves either the old or the new schema.
  void apply(Session& session, const Migration& migration, bool up);

  Database& database_;
  std::vector<Migration> migrations_;
};

}  // namespace leoflow::store
