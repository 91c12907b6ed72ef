#include "api/core/dag_links.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "api/core/dag_rows.hpp"
#include "base/json.hpp"
#include "dag/encoded.hpp"

namespace leoflow::api {

namespace {

// How many documents are in memory at once.
constexpr std::size_t kLinksPerQuery = 50;

DagLink read_link(std::string_view serialized) {
  DagLink link;
  const auto document = parse_json(serialized);
  if (!document) throw Fatal("a serialized DAG is not JSON: " + document.error().message);
  const json::value& dag = dag::child(*document, "dag");
  const json::value& assets = dag::child(dag::unwrap(dag::child(dag, "timetable")), "asset_condition");
  if (!assets.is_null()) {
    if (auto condition = dag::read_asset_condition(assets)) link.condition = std::move(*condition);
  }
  const json::value& list = dag::child(dag, "dag_dependencies");
  if (!list.is_array()) return link;
  for (const json::value& item : list.get_array()) {
    const std::string id = get_text(item, "dependency_id");
    link.dependencies.push_back({get_text(item, "source"), get_text(item, "target"),
                                 get_text(item, "label", id), get_text(item, "dependency_type"), id});
  }
  return link;
}

}  // namespace

std::string DagDependency::node_id() const {
  std::string text = type;
  // A trigger or sensor is named within its DAG only.
  if (!type.starts_with("asset")) text += ":" + source + ":" + target;
  return id.empty() ? text : text + ":" + id;
}

DagLinkMap DagLinks::of(store::Session& session, std::span<const std::string> dag_ids) {
  if (dag_ids.empty()) return {};
  const store::Params ids(dag_ids.begin(), dag_ids.end());
  return load(
      session,
      session.query(fmt::format("SELECT d.dag_id, v.id, v.dag_hash FROM dag d JOIN dag_version v ON v.id = "
                                "d.current_version_id WHERE d.dag_id IN ({})",
                                placeholders(ids.size())),
                    ids));
}

DagLinkMap DagLinks::all(store::Session& session) {
  DagLinkMap links =
      load(session, session.query("SELECT d.dag_id, v.id, v.dag_hash FROM dag d JOIN dag_version v ON v.id = "
                                  "d.current_version_id WHERE d.is_stale = 0"));
  const std::lock_guard lock(mutex_);
  std::erase_if(entries_, [&](const auto& entry) { return !links.contains(entry.first); });
  return links;
}

DagLinkMap DagLinks::load(store::Session& session, const store::Rows& rows) {
  DagLinkMap links;
  std::vector<std::string> missing;  // version ids
  {
    const std::lock_guard lock(mutex_);
    for (const store::Row row : rows) {
      const auto found = entries_.find(row.text(0));
      if (found != entries_.end() && found->second.version_id == row.text(1) &&
          found->second.hash == row.text(2)) {
        links[row.text(0)] = found->second.link;
      } else {
        missing.push_back(row.text(1));
      }
    }
  }
  // Parsed without the lock: a large DAG must not hold up the others.
  for (std::size_t at = 0; at < missing.size(); at += kLinksPerQuery) {
    const auto batch = std::span(missing).subspan(at, std::min(kLinksPerQuery, missing.size() - at));
    const store::Params ids(batch.begin(), batch.end());
    for (const store::Row row : session.query(
             fmt::format("SELECT dag_id, id, dag_hash, serialized FROM dag_version WHERE id IN ({})",
                         placeholders(ids.size())),
             ids)) {
      Entry entry{row.text(1), row.text(2), std::make_shared<const DagLink>(read_link(row.text(3)))};
      links[row.text(0)] = entry.link;
      const std::lock_guard lock(mutex_);
      entries_[row.text(0)] = std::move(entry);
    }
  }
  return links;
}

}  // namespace leoflow::api
