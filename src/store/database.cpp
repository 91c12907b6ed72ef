#include "store/database.hpp"

#include <fmt/format.h>

#include "store/postgres/postgres_database.hpp"
#include "store/sqlite/sqlite_database.hpp"

namespace leoflow::store {

Result<std::unique_ptr<Database>> Database::open(const std::string& url) {
  constexpr std::string_view kSqlite = "sqlite:///";
  if (url.starts_with(kSqlite)) {
    // As in SQLAlchemy: three slashes start a relative path, a fourth makes it absolute. A path that was
    // pasted behind "sqlite://" is absolute as well, so both spellings of /var/x.db mean the same.
    std::string path = url.substr(kSqlite.size());
    if (path.empty()) return fail(ErrorCode::invalid, fmt::format("database URL '{}' names no file", url));
    if (path.front() != '/' && path.front() != '.') path.insert(0, 1, '/');
    return open_sqlite(std::move(path));
  }
  if (url.starts_with("postgresql://") || url.starts_with("postgres://")) return open_postgres(url);
  return fail(ErrorCode::invalid,
              "database URL must start with sqlite:/// or postgresql://; the one given has another scheme");
}

Database::ReadLease Database::read() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_readers_.empty()) {
      auto session = std::move(idle_readers_.back());
      idle_readers_.pop_back();
      return {*this, std::move(session)};
    }
  }
  return {*this, connect_for_reading(read_limit_)};
}

void Database::give_back(std::unique_ptr<Session> session) {
  constexpr std::size_t kMostIdle = 16;  // two for each of the server's workers
  const std::lock_guard lock(mutex_);
  if (idle_readers_.size() < kMostIdle) idle_readers_.push_back(std::move(session));
}

Database::ReadLease::~ReadLease() {
  // A reader that failed has thrown; one that is broken must not be lent again.
  if (session_ != nullptr && session_->healthy()) owner_->give_back(std::move(session_));
}

}  // namespace leoflow::store
