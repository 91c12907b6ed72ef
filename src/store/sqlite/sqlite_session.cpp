#include "store/sqlite/sqlite_session.hpp"

#include <fmt/format.h>

#include "store/placeholders.hpp"

namespace leoflow::store {
namespace {

/// Leaves a cached statement ready for its next use, whatever happened.
class ResetOnExit {
 public:
  explicit ResetOnExit(sqlite3_stmt* statement) : statement_(statement) {}
  ResetOnExit(const ResetOnExit&) = delete;
  ResetOnExit& operator=(const ResetOnExit&) = delete;
  ~ResetOnExit() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }

 private:
  sqlite3_stmt* statement_;
};

void read_cell(Value& cell, sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      cell = sqlite3_column_int64(statement, column);
      break;
    case SQLITE_FLOAT:
      cell = sqlite3_column_double(statement, column);
      break;
    case SQLITE_NULL:
      cell = std::monostate();
      break;
    default: {
      // The text of the row before lends its memory.
      std::string* text = std::get_if<std::string>(&cell);
      if (text == nullptr) text = &cell.emplace<std::string>();
      text->assign(reinterpret_cast<const char*>(sqlite3_column_text(statement, column)),
                   static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
    }
  }
}

}  // namespace

SqliteSession::SqliteSession(const std::string& path, std::optional<std::chrono::milliseconds> read_limit)
    : read_limit_(read_limit) {
  // SQLite's statistics of its memory take a lock for each allocation. Refused once a database is open.
  [[maybe_unused]] static const int without_statistics = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  const int flags =
      SQLITE_OPEN_NOMUTEX | (read_limit ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  if (sqlite3_open_v2(path.c_str(), &database_, flags, nullptr) != SQLITE_OK) {
    const std::string reason = sqlite3_errmsg(database_);
    sqlite3_close(database_);
    throw Unavailable(fmt::format("cannot open database '{}': {}", path, reason));
  }
  sqlite3_extended_result_codes(database_, 1);
  sqlite3_busy_timeout(database_, 10'000);
  try {
    execute_script("PRAGMA foreign_keys = ON");
    // The cache is for a change that is larger than the default of 2 MB, which would go to the log twice.
    if (read_limit) {
      watch_time();
    } else {
      execute_script("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384;");
    }
  } catch (...) {
    sqlite3_close(database_);
    throw;
  }
}

void SqliteSession::watch_time() {
  constexpr int kSteps = 10'000;  // a look at the clock about every millisecond
  const auto is_over = [](void* session) {
    return std::chrono::steady_clock::now() > static_cast<SqliteSession*>(session)->end_ ? 1 : 0;
  };
  sqlite3_progress_handler(database_, kSteps, is_over, this);
}

SqliteSession::~SqliteSession() {
  forget_statements();
  sqlite3_close(database_);
}

void SqliteSession::forget_statements() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  statements_.clear();
}

void SqliteSession::raise(std::string_view sql) const {
  const int code = sqlite3_extended_errcode(database_);
  const std::string reason = sqlite3_errmsg(database_);
  if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY) throw UniqueViolation(reason);
  switch (code & 0xFF) {
    case SQLITE_INTERRUPT:
      throw TooSlow(fmt::format("database: {} in: {}", reason, sql));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
      throw Unavailable(fmt::format("database: {}", reason));
    default:
      throw Fatal(fmt::format("database: {} in: {}", reason, sql));
  }
}

sqlite3_stmt* SqliteSession::prepare(std::string_view sql) {
  if (read_limit_) end_ = std::chrono::steady_clock::now() + *read_limit_;
  if (const auto known = statements_.find(sql); known != statements_.end()) return known->second;
  if (statements_.size() >= kMostStatements) forget_statements();
  const std::string own = with_question_marks(sql);
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(database_, own.data(), static_cast<int>(own.size()), SQLITE_PREPARE_PERSISTENT,
                         &statement, nullptr) != SQLITE_OK) {
    raise(sql);
  }
  statements_.emplace(sql, statement);
  return statement;
}

void SqliteSession::bind(sqlite3_stmt* statement, std::span<const Param> params) {
  for (std::size_t i = 0; i < params.size(); ++i) {
    const int index = static_cast<int>(i) + 1;
    const Value& value = params[i].value();
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
      sqlite3_bind_int64(statement, index, *integer);
    } else if (const auto* number = std::get_if<double>(&value)) {
      sqlite3_bind_double(statement, index, *number);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      sqlite3_bind_text64(statement, index, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
    } else {
      sqlite3_bind_null(statement, index);
    }
  }
}

Rows SqliteSession::query(std::string_view sql, std::span<const Param> params) {
  sqlite3_stmt* statement = prepare(sql);
  const ResetOnExit reset(statement);
  bind(statement, params);
  const int columns = sqlite3_column_count(statement);
  std::vector<Value> cells;
  while (step(statement, sql)) {
    for (int column = 0; column < columns; ++column) read_cell(cells.emplace_back(), statement, column);
  }
  return {static_cast<std::size_t>(columns), std::move(cells)};
}

void SqliteSession::each(std::string_view sql, std::span<const Param> params,
                         const std::function<void(Row)>& show) {
  sqlite3_stmt* statement = prepare(sql);
  const ResetOnExit reset(statement);
  bind(statement, params);
  const int columns = sqlite3_column_count(statement);
  std::vector<Value> cells(static_cast<std::size_t>(columns));
  while (step(statement, sql)) {
    for (int column = 0; column < columns; ++column) read_cell(cells[column], statement, column);
    show(Row(cells));
  }
}

bool SqliteSession::step(sqlite3_stmt* statement, std::string_view sql) {
  const int code = sqlite3_step(statement);
  if (code != SQLITE_DONE && code != SQLITE_ROW) raise(sql);
  return code == SQLITE_ROW;
}

std::int64_t SqliteSession::execute(std::string_view sql, std::span<const Param> params) {
  run(prepare(sql), sql, params);
  return sqlite3_changes64(database_);
}

void SqliteSession::run(sqlite3_stmt* statement, std::string_view sql, std::span<const Param> params) {
  const ResetOnExit reset(statement);
  bind(statement, params);
  step(statement, sql);
}

void SqliteSession::execute_many(std::string_view sql, std::span<const Params> rows) {
  sqlite3_stmt* statement = prepare(sql);
  for (const Params& row : rows) run(statement, sql, row);
}

void SqliteSession::execute_script(std::string_view sql) {
  if (sqlite3_exec(database_, std::string(sql).c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) raise(sql);
}

void SqliteSession::begin() {
  // IMMEDIATE takes the write lock now: a deferred one may fail half way.
  if (sqlite3_db_readonly(database_, "main") == 1) {
    execute("BEGIN");
  } else {
    execute("BEGIN IMMEDIATE");
  }
}

void SqliteSession::commit() {
  execute("COMMIT");
}

void SqliteSession::rollback() noexcept {
  // After some errors SQLite has rolled back by itself.
  if (sqlite3_get_autocommit(database_) == 0) {
    sqlite3_exec(database_, "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

}  // namespace leoflow::store
