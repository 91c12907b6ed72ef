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
  // A server that was restarted has ended all that lie idle.
  while (auto session = take_idle()) {
    if (session->healthy()) return {*this, std::move(session)};
  }
  return {*this, connect_for_reading(read_limit_)};
}

std::unique_ptr<Session> Database::take_idle() {
  const std::lock_guard lock(mutex_);
  if (idle_readers_.empty()) return nullptr;
  auto session = std::move(idle_readers_.back());
  idle_readers_.pop_back();
  return session;
}

void Database::give_back(std::unique_ptr<Session> session) {
  constexpr std::size_t kMostIdle = 16;  // two for each of the server's workers
  const bool is_healthy = session->healthy();
  const std::lock_guard lock(mutex_);
  if (!is_healthy) return idle_readers_.clear();
  if (idle_readers_.size() < kMostIdle) idle_readers_.push_back(std::move(session));
}

Database::ReadLease::~ReadLease() {
  if (session_ != nullptr) owner_->give_back(std::move(session_));
}

}  // namespace leoflow::store
