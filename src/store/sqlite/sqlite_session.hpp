#pragma once

#include <map>
#include <sqlite3.h>
#include <string>

#include "store/sql.hpp"

namespace leoflow::store {

class SqliteSession final : public Session {
 public:
  /// Throws Unavailable if the file cannot be opened.
  SqliteSession(const std::string& path, bool read_only);
  ~SqliteSession() override;
  SqliteSession(const SqliteSession&) = delete;
  SqliteSession& operator=(const SqliteSession&) = delete;

  using Session::execute;
  using Session::query;
  Rows query(std::string_view sql, std::span<const Param> params) override;
  std::int64_t execute(std::string_view sql, std::span<const Param> params) override;
  void execute_many(std::string_view sql, std::span<const Params> rows) override;
  void execute_script(std::string_view sql) override;
  void begin() override;
  void commit() override;
  void rollback() noexcept override;
  bool healthy() const override { return true; }

 private:
  sqlite3_stmt* prepare(std::string_view sql);
  void bind(sqlite3_stmt* statement, std::span<const Param> params);
  [[noreturn]] void raise(std::string_view sql) const;

  sqlite3* database_ = nullptr;
  std::map<std::string, sqlite3_stmt*, std::less<>> statements_;
};

}  // namespace leoflow::store
