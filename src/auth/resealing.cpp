#include "auth/resealing.hpp"

#include <fmt/format.h>

namespace leoflow::auth {
namespace {

struct Place {
  std::string_view table;
  std::string_view column;
  std::string_view name;  ///< SQL that tells a row apart for people
};

constexpr Place kPlaces[] = {{"variable", "value", "key"},
                             {"connection", "password", "conn_id"},
                             {"connection", "extra", "conn_id"},
                             {"deferral", "kwargs", "dag_id || '.' || run_id || '.' || task_id"}};

void reseal(store::Session& session, const Sealer& sealer, const Place& place, Resealed& out) {
  // One that begins with a brace was never sealed: a trigger that needs no Python.
  const store::Rows rows = session.query(
      fmt::format("SELECT {1}, {2} FROM {0} WHERE {1} IS NOT NULL AND SUBSTR({1}, 1, 1) <> '{{'", place.table,
                  place.column, place.name));
  const std::string update = fmt::format("UPDATE {0} SET {1} = $2 WHERE {1} = $1", place.table, place.column);
  for (const store::Row row : rows) {
    const std::string& sealed = row.text(0);
    if (sealer.is_current(sealed)) {
      ++out.current;
      continue;
    }
    const auto text = sealer.open(sealed);
    if (!text) {
      out.unreadable.push_back(fmt::format("{} '{}'", place.table, row.text(1)));
      continue;
    }
    // The sealed text is never twice the same: this is the row that was read, or it has changed meanwhile.
    out.renewed += static_cast<std::size_t>(session.execute(update, {sealed, sealer.seal(*text)}));
  }
}

}  // namespace

Resealed reseal(store::Session& session, const Sealer& sealer) {
  Resealed out;
  for (const Place& place : kPlaces) reseal(session, sealer, place, out);
  return out;
}

}  // namespace leoflow::auth
