#include "engine/leadership.hpp"

#include <fmt/format.h>

#include "base/ids.hpp"
#include "base/log.hpp"

namespace leoflow::engine {
namespace {

/// Any number that nobody else takes for a lock in our database. Below 2^32, so that pg_locks shows it as its
/// objid.
constexpr std::int64_t kLock = 1'818'455'407;
/// Microseconds since 1970, as every time in our tables.
constexpr std::string_view kNow = "(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::BIGINT";

std::string deposed_by(const std::optional<Leader>& leader, std::int64_t own) {
  return fmt::format("another replica leads: epoch {} ({}) after our {}", leader ? leader->epoch : 0,
                     leader ? leader->url : "", own);
}

}  // namespace

Leadership::Leadership(store::Database& database, std::string url)
    : database_(database), holder_(random_hex(16)), url_(std::move(url)) {}

std::optional<Leader> Leadership::look(store::Session& session) {
  const store::Rows rows = session.query(
      fmt::format("SELECT epoch, holder, url, seen_at, {} - seen_at FROM leader WHERE epoch > 0", kNow));
  if (rows.empty()) return std::nullopt;
  Leader out;
  std::int64_t silence = 0;
  store::Reader{rows[0]} >> out.epoch >> out.holder >> out.url >> out.seen_at >> silence;
  out.silence = std::chrono::microseconds(silence);
  return out;
}

bool Leadership::try_lock(store::Session& session) const {
  return session.query("SELECT CAST(pg_try_advisory_lock($1) AS INT)", {kLock})[0].boolean(0);
}

std::int64_t Leadership::holder_of_lock(store::Session& session) {
  const store::Rows rows = session.query(
      "SELECT pid FROM pg_locks"
      " WHERE locktype = 'advisory' AND classid = 0 AND objid = CAST($1 AS BIGINT) AND objsubid = 1 AND "
      "granted"
      " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
      {kLock});
  return rows.empty() ? 0 : rows[0].integer(0);
}

void Leadership::cut_off_if_hung(store::Session& session) {
  const std::int64_t connection = holder_of_lock(session);
  const auto now = std::chrono::steady_clock::now();
  if (connection == 0 || connection != suspect_) {
    suspect_ = connection;
    suspect_since_ = now;
    return;
  }
  if (now - suspect_since_ < kDoubt) return;
  log::warning("the leader says nothing: it is cut off");
  session.query("SELECT CAST(pg_terminate_backend(CAST($1 AS INT)) AS INT)", {connection});
  // It ends in a moment; a later election finds the lock free.
  suspect_ = 0;
}

bool Leadership::elect(store::Session& session) {
  if (!try_lock(session)) {
    const auto leader = look(session);
    if (leader && leader->silence < kSilence) {
      suspect_ = 0;
    } else {
      cut_off_if_hung(session);
    }
    return false;
  }
  store::Transaction transaction(session);
  session.execute(fmt::format("UPDATE leader SET epoch = epoch + 1, holder = $1, url = $2, elected_at = {0},"
                              " seen_at = {0}",
                              kNow),
                  {holder_, url_});
  epoch_ = look(session).value().epoch;
  transaction.commit();
  return true;
}

std::unique_ptr<store::Session> Leadership::connect_again() {
  auto session = database_.connect();
  beat(*session);
  if (!try_lock(*session)) throw store::Unavailable("the database still holds our old connection");
  // Again, for somebody may have led for an instant in between.
  beat(*session);
  return session;
}

void Leadership::beat(store::Session& session) const {
  const std::int64_t known =
      session.execute(fmt::format("UPDATE leader SET seen_at = {} WHERE epoch = $1", kNow), {epoch()});
  if (known == 0) throw Deposed(deposed_by(look(session), epoch()));
}

}  // namespace leoflow::engine
