#pragma once

#include <chrono>
#include <optional>
#include <sqlite3.h>
#include <string>
#include <unordered_map>

#include "store/sql.hpp"

namespace leoflow::store {

class SqliteSession final : public Session {
 public:
  /// @param read_limit  of one that only reads: how long a statement may take.
  /// Throws Unavailable if the file cannot be opened.
  SqliteSession(const std::string& path, std::optional<std::chrono::milliseconds> read_limit);
  ~SqliteSession() override;
  SqliteSession(const SqliteSession&) = delete;
  SqliteSession& operator=(const SqliteSession&) = delete;

  using Session::execute;
  using Session::query;
  Rows query(std::string_view sql, std::span<const Param> params) override;
  void each(std::string_view sql, std::span<const Param> params,
            const std::function<void(Row)>& show) override;
  std::int64_t execute(std::string_view sql, std::span<const Param> params) override;
  void execute_many(std::string_view sql, std::span<const Params> rows) override;
  void execute_script(std::string_view sql) override;
  void begin() override;
  void commit() override;
  void rollback() noexcept override;
  Time now() override { return SystemClock().now(); }
  bool healthy() const override { return true; }

 private:
  /// Looks up without a copy of the text.
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  void watch_time();
  /// The time of a statement begins.
  sqlite3_stmt* prepare(std::string_view sql);
  void forget_statements();
  /// Whether there is one more row.
  bool step(sqlite3_stmt* statement, std::string_view sql);
  void run(sqlite3_stmt* statement, std::string_view sql, std::span<const Param> params);
  void bind(sqlite3_stmt* statement, std::span<const Param> params);
  [[noreturn]] void raise(std::string_view sql) const;

  const std::optional<std::chrono::milliseconds> read_limit_;
  std::chrono::steady_clock::time_point end_;  ///< of the time that the statement has
  sqlite3* database_ = nullptr;
  std::unordered_map<std::string, sqlite3_stmt*, TextHash, std::equal_to<>> statements_;
};

}  // namespace leoflow::store
