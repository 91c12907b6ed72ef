#include "api/core/dag_cache.hpp"

namespace leoflow::api {

DagCache::View DagCache::by_version_id(store::Session& session, std::string_view version_id) {
  const auto rows = session.query("SELECT id, dag_hash FROM dag_version WHERE id = $1", {version_id});
  return rows.empty() ? nullptr : load(session, rows[0].text(0), rows[0].text(1));
}

DagCache::View DagCache::by_number(store::Session& session, std::string_view dag_id,
                                   std::int64_t version_number) {
  const auto rows =
      session.query("SELECT id, dag_hash FROM dag_version WHERE dag_id = $1 AND version_number = $2",
                    {dag_id, version_number});
  return rows.empty() ? nullptr : load(session, rows[0].text(0), rows[0].text(1));
}

DagCache::View DagCache::current(store::Session& session, std::string_view dag_id) {
  const auto rows = session.query(
      "SELECT v.id, v.dag_hash FROM dag d JOIN dag_version v ON v.id = d.current_version_id WHERE d.dag_id = "
      "$1",
      {dag_id});
  return rows.empty() ? nullptr : load(session, rows[0].text(0), rows[0].text(1));
}

DagCache::View DagCache::of_run(store::Session& session, std::string_view dag_id, std::string_view run_id) {
  const auto rows = session.query(
      "SELECT v.id, v.dag_hash FROM dag_run r JOIN dag_version v ON v.id = r.dag_version_id "
      "WHERE r.dag_id = $1 AND r.run_id = $2",
      {dag_id, run_id});
  return rows.empty() ? current(session, dag_id) : load(session, rows[0].text(0), rows[0].text(1));
}

DagCache::View DagCache::load(store::Session& session, const std::string& version_id,
                              const std::string& hash) {
  {
    const std::lock_guard lock(mutex_);
    const Version* known = versions_.find(version_id);
    if (known != nullptr && known->hash == hash) return known->view;
  }
  // Parsed without the lock: a large DAG must not hold up the others.
  const auto rows = session.query("SELECT serialized, dag_hash FROM dag_version WHERE id = $1", {version_id});
  if (rows.empty()) return nullptr;
  auto view = std::make_shared<const DagView>(rows[0].text(0));
  const std::lock_guard lock(mutex_);
  versions_.put(version_id, {rows[0].text(1), view});
  return view;
}

}  // namespace leoflow::api
