#include "engine/dag_warnings.hpp"

#include <algorithm>

namespace leoflow::engine {
namespace {

constexpr std::string_view kOfParsing = "runtime varying value";

void put_warning(store::Session& session, const DagWarning& warning, Time now) {
  session.execute(
      "INSERT INTO dag_warning (dag_id, warning_type, message, created_at) VALUES ($1, $2, $3, $4)"
      " ON CONFLICT (dag_id, warning_type) DO UPDATE SET message = excluded.message",
      {warning.dag_id, warning.type, warning.message, now});
}

void remove_warning(store::Session& session, const std::string& dag_id, std::string_view type) {
  session.execute("DELETE FROM dag_warning WHERE dag_id = $1 AND warning_type = $2", {dag_id, type});
}

bool names(std::span<const DagWarning> warnings, const std::string& dag_id) {
  return std::ranges::find(warnings, dag_id, &DagWarning::dag_id) != warnings.end();
}

}  // namespace

void write_parse_warnings(store::Session& session, std::span<const std::string> dag_ids,
                          std::span<const DagWarning> warnings, Time now) {
  for (const std::string& dag_id : dag_ids) {
    if (!names(warnings, dag_id)) remove_warning(session, dag_id, kOfParsing);
  }
  for (const DagWarning& warning : warnings) put_warning(session, warning, now);
}

void replace_warnings(store::Session& session, const std::string& type, std::span<const DagWarning> warnings,
                      Time now) {
  for (const store::Row row :
       session.query("SELECT dag_id FROM dag_warning WHERE warning_type = $1", {type})) {
    if (!names(warnings, row.text(0))) remove_warning(session, row.text(0), type);
  }
  for (const DagWarning& warning : warnings) put_warning(session, warning, now);
}

}  // namespace leoflow::engine
