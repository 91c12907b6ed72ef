#pragma once

#include <chrono>
#include <libpq-fe.h>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "store/sql.hpp"

namespace leoflow::store {

struct PgResultDeleter {
  void operator()(PGresult* result) const { PQclear(result); }
};
using PgResult = std::unique_ptr<PGresult, PgResultDeleter>;

class PostgresSession final : public Session {
 public:
  /// @param read_limit  of one that only reads: how long a statement may take.
  /// Throws Unavailable if the server does not let us in.
  PostgresSession(const std::string& url, std::optional<std::chrono::milliseconds> read_limit);
  ~PostgresSession() override;
  PostgresSession(const PostgresSession&) = delete;
  PostgresSession& operator=(const PostgresSession&) = delete;

  using Session::execute;
  using Session::query;
  Rows query(std::string_view sql, std::span<const Param> params) override;
  void each(std::string_view sql, std::span<const Param> params,
            const std::function<void(Row)>& show) override;
  std::int64_t execute(std::string_view sql, std::span<const Param> params) override;
  void execute_many(std::string_view sql, std::span<const Params> rows) override;
  void execute_script(std::string_view sql) override;
  void begin() override { execute("BEGIN ISOLATION LEVEL READ COMMITTED"); }
  void commit() override { execute("COMMIT"); }
  void rollback() noexcept override;
  Time now() override;
  bool healthy() const override;

 private:
  PgResult run(std::string_view sql, std::span<const Param> params);
  /// Name of the server-side prepared statement; prepares it at first use.
  const std::string& prepare(std::string_view sql, std::size_t params);
  void check(const PGresult* result, std::string_view sql) const;
  void leave_pipeline() noexcept;

  PGconn* connection_;
  std::map<std::string, std::string, std::less<>> statements_;
};

}  // namespace leoflow::store
