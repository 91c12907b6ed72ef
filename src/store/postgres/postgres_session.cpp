#include "store/postgres/postgres_session.hpp"

#include <charconv>
#include <cstdlib>
#include <fmt/format.h>
#include <poll.h>

namespace leoflow::store {
namespace {

// Type numbers of PostgreSQL's catalogue, fixed for ever.
constexpr Oid kBool = 16;
constexpr Oid kInt8 = 20;
constexpr Oid kInt2 = 21;
constexpr Oid kInt4 = 23;
constexpr Oid kFloat4 = 700;
constexpr Oid kFloat8 = 701;
constexpr Oid kNumeric = 1700;

/// Arguments in the text form that libpq takes.
class TextParams {
 public:
  explicit TextParams(std::span<const Param> params)
      : texts_(params.size()), pointers_(params.size(), nullptr) {
    for (std::size_t i = 0; i < params.size(); ++i) {
      const Value& value = params[i].value();
      if (const auto* integer = std::get_if<std::int64_t>(&value)) {
        texts_[i] = std::to_string(*integer);
      } else if (const auto* number = std::get_if<double>(&value)) {
        texts_[i] = fmt::format("{}", *number);
      } else if (const auto* text = std::get_if<std::string>(&value)) {
        texts_[i] = *text;
      } else {
        continue;
      }
      pointers_[i] = texts_[i].c_str();
    }
  }
  const char* const* data() const { return pointers_.data(); }
  int size() const { return static_cast<int>(pointers_.size()); }

 private:
  std::vector<std::string> texts_;
  std::vector<const char*> pointers_;
};

Value cell(const PGresult* result, int row, int column) {
  if (PQgetisnull(result, row, column) == 1) return std::monostate{};
  const char* text = PQgetvalue(result, row, column);
  const auto length = static_cast<std::size_t>(PQgetlength(result, row, column));
  switch (PQftype(result, column)) {
    case kInt2:
    case kInt4:
    case kInt8: {
      std::int64_t value = 0;
      std::from_chars(text, text + length, value);
      return value;
    }
    case kFloat4:
    case kFloat8:
    case kNumeric:
      return std::strtod(text, nullptr);
    case kBool:
      return std::int64_t{text[0] == 't' ? 1 : 0};
    default:
      return std::string(text, length);
  }
}

}  // namespace

PostgresSession::PostgresSession(const std::string& url, std::optional<std::chrono::milliseconds> read_limit)
    : connection_(PQconnectdb(url.c_str())) {
  if (PQstatus(connection_) != CONNECTION_OK) {
    const std::string reason = PQerrorMessage(connection_);
    PQfinish(connection_);
    throw Unavailable(fmt::format("cannot connect to PostgreSQL: {}", reason));
  }
  PQsetNoticeProcessor(connection_, [](void*, const char*) {}, nullptr);
  try {
    if (read_limit) {
      execute_script("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY");
      // What readers ask depends on its arguments: one state has a million rows, another none.
      execute_script("SET plan_cache_mode = force_custom_plan");
      // A row here and there costs little more than the next one, in memory or on an SSD. PostgreSQL's
      // default is that of disks: it would rather walk half of a table in order than sort a DAG's thousand
      // rows.
      execute_script("SET random_page_cost = 1.1");
    }
    // Of writers none, whatever the server, the database or the role would have it.
    execute_script(fmt::format("SET statement_timeout = {}", read_limit ? read_limit->count() : 0));
  } catch (...) {
    PQfinish(connection_);
    throw;
  }
}

PostgresSession::~PostgresSession() {
  PQfinish(connection_);
}

bool PostgresSession::healthy() const {
  if (PQstatus(connection_) != CONNECTION_OK) return false;
  // To a session that asks nothing a server says that it ends it, and hardly anything else.
  pollfd said{.fd = PQsocket(connection_), .events = POLLIN, .revents = 0};
  return ::poll(&said, 1, 0) == 0;
}

void PostgresSession::check(const PGresult* result, std::string_view sql) const {
  const ExecStatusType status = PQresultStatus(result);
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_PIPELINE_SYNC) return;
  const char* code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const std::string_view state = code == nullptr ? "" : code;
  const std::string reason = result == nullptr ? PQerrorMessage(connection_) : PQresultErrorMessage(result);
  if (state == "23505") throw UniqueViolation(reason);
  if (state == "57014") throw TooSlow(fmt::format("database: {} in: {}", reason, sql));
  // 08: connection, 53: out of resources, 57: shut down, 25006: read only; none: the connection is gone.
  const bool unavailable = state.empty() || state.starts_with("08") || state.starts_with("53") ||
                           state.starts_with("57") || state == "25006";
  if (unavailable) throw Unavailable(fmt::format("database: {}", reason));
  throw Fatal(fmt::format("database: {} in: {}", reason, sql));
}

const std::string& PostgresSession::prepare(std::string_view sql, std::size_t params) {
  if (const auto known = statements_.find(sql); known != statements_.end()) return known->second;
  if (statements_.size() >= kMostStatements) {
    execute_script("DEALLOCATE ALL");
    statements_.clear();
  }
  std::string name = fmt::format("s{}", statements_.size());
  const PgResult prepared(
      PQprepare(connection_, name.c_str(), std::string(sql).c_str(), static_cast<int>(params), nullptr));
  check(prepared.get(), sql);
  return statements_.emplace(sql, std::move(name)).first->second;
}

PgResult PostgresSession::run(std::string_view sql, std::span<const Param> params) {
  const std::string& name = prepare(sql, params.size());
  const TextParams texts(params);
  PgResult result(PQexecPrepared(connection_, name.c_str(), texts.size(), texts.data(), nullptr, nullptr, 0));
  check(result.get(), sql);
  return result;
}

Rows PostgresSession::query(std::string_view sql, std::span<const Param> params) {
  const PgResult result = run(sql, params);
  const int columns = PQnfields(result.get());
  const int rows = PQntuples(result.get());
  std::vector<Value> cells;
  cells.reserve(static_cast<std::size_t>(columns) * static_cast<std::size_t>(rows));
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) cells.push_back(cell(result.get(), row, column));
  }
  return {static_cast<std::size_t>(columns), std::move(cells)};
}

void PostgresSession::each(std::string_view sql, std::span<const Param> params,
                           const std::function<void(Row)>& show) {
  const PgResult result = run(sql, params);
  const int rows = PQntuples(result.get());
  std::vector<Value> cells(static_cast<std::size_t>(PQnfields(result.get())));
  for (int row = 0; row < rows; ++row) {
    for (std::size_t column = 0; column < cells.size(); ++column)
      cells[column] = cell(result.get(), row, static_cast<int>(column));
    show(Row(cells));
  }
}

std::int64_t PostgresSession::execute(std::string_view sql, std::span<const Param> params) {
  const PgResult result = run(sql, params);
  return std::strtoll(PQcmdTuples(result.get()), nullptr, 10);
}

void PostgresSession::execute_many(std::string_view sql, std::span<const Params> rows) {
  if (rows.empty()) return;
  if (rows.size() == 1) {
    execute(sql, rows.front());
    return;
  }
  const std::string& name = prepare(sql, rows.front().size());
  // Small enough that neither side's socket buffer fills while the other waits.
  constexpr std::size_t kPerTrip = 256;
  for (std::size_t first = 0; first < rows.size(); first += kPerTrip) {
    const auto trip = rows.subspan(first, std::min(kPerTrip, rows.size() - first));
    if (PQenterPipelineMode(connection_) != 1) throw Unavailable("database: cannot enter pipeline mode");
    for (const Params& row : trip) {
      const TextParams texts(row);
      PQsendQueryPrepared(connection_, name.c_str(), texts.size(), texts.data(), nullptr, nullptr, 0);
    }
    PQpipelineSync(connection_);
    try {
      for (std::size_t i = 0; i < trip.size(); ++i) {
        const PgResult result(PQgetResult(connection_));
        check(result.get(), sql);
        const PgResult end_of_statement(PQgetResult(connection_));
      }
      const PgResult sync(PQgetResult(connection_));
      check(sync.get(), sql);
    } catch (...) {
      leave_pipeline();
      throw;
    }
    leave_pipeline();
  }
}

void PostgresSession::leave_pipeline() noexcept {
  // After an error the rest of the trip is still on its way: read it all.
  while (PQstatus(connection_) == CONNECTION_OK && PQexitPipelineMode(connection_) != 1) {
    const PgResult dropped(PQgetResult(connection_));
    if (dropped == nullptr && PQpipelineStatus(connection_) == PQ_PIPELINE_OFF) break;
  }
}

void PostgresSession::execute_script(std::string_view sql) {
  const PgResult result(PQexec(connection_, std::string(sql).c_str()));
  check(result.get(), sql);
}

void PostgresSession::rollback() noexcept {
  if (PQtransactionStatus(connection_) != PQTRANS_IDLE) {
    const PgResult ignored(PQexec(connection_, "ROLLBACK"));
  }
}

Time PostgresSession::now() {
  return query("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)")[0].time(0);
}

}  // namespace leoflow::store
