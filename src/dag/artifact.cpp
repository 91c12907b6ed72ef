#include "dag/artifact.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <set>

#include "base/text.hpp"

namespace leoflow::dag {
namespace {

constexpr std::string_view kSchemaVersion = "1.0";
constexpr std::size_t kLongestLabel = 250;  // bytes; that of Airflow for ids

std::string hash_of(const json::value& content) {
  return "sha256:" + sha256_hex(json::serialize(content));
}

json::value content_of(const Artifact& artifact) {
  json::array dags;
  for (const FrozenDag& dag : artifact.dags) {
    dags.push_back(json::object{{"dag_id", dag.dag_id},
                                {"relative_fileloc", dag.relative_fileloc},
                                {"source", dag.source},
                                {"serialized", dag.serialized}});
  }
  return json::object{{"project", artifact.project},
                      {"image", artifact.image ? json::value(*artifact.image) : json::value()},
                      {"python_version", artifact.python_version},
                      {"dags", std::move(dags)}};
}

/// Reads the fields of one object; the first that is not as it has to be is remembered.
class ArtifactFields {
 public:
  ArtifactFields(const json::value& from, std::string where) : from_(from), where_(std::move(where)) {}

  std::string text(std::string_view name) {
    const json::value* field = find(from_, name);
    if (field == nullptr || !field->is_string()) return refuse(name, "a text"), "";
    std::string out(field->get_string());
    // PostgreSQL keeps none.
    if (out.find('\0') != std::string::npos) refuse(name, "free of NUL characters");
    return out;
  }
  /// What people type and pages show.
  std::string label(std::string_view name) {
    std::string out = text(name);
    const bool is_plain =
        std::ranges::none_of(out, [](char c) { return static_cast<unsigned char>(c) < ' '; });
    if (out.empty() || out.size() > kLongestLabel || !is_plain)
      refuse(name, fmt::format("a text of 1 to {} printable characters", kLongestLabel));
    return out;
  }
  std::optional<std::string> text_or_null(std::string_view name) {
    const json::value* field = find(from_, name);
    if (field != nullptr && field->is_null()) return std::nullopt;
    return text(name);
  }
  const json::value& object(std::string_view name) {
    const json::value* field = find(from_, name);
    if (field != nullptr && field->is_object()) return *field;
    return refuse(name, "an object"), kNothing;
  }
  const json::array& list(std::string_view name) {
    const json::value* field = find(from_, name);
    if (field != nullptr && field->is_array()) return field->get_array();
    return refuse(name, "a list"), kNone;
  }

  /// Empty if all was in order.
  const std::string& problem() const { return problem_; }

 private:
  inline static const json::value kNothing = json::object();
  inline static const json::array kNone;

  void refuse(std::string_view name, std::string_view expected) {
    if (problem_.empty()) problem_ = fmt::format("'{}{}' is not {}", where_, name, expected);
  }

  const json::value& from_;
  std::string where_;
  std::string problem_;
};

std::unexpected<Error> refused(std::string_view why) {
  return fail(ErrorCode::invalid, fmt::format("the artifact cannot be read: {}", why));
}

/// Ids become names of folders: they hold no slash and nothing that cannot be seen.
bool is_good_id(std::string_view id) {
  const bool is_plain =
      std::ranges::none_of(id, [](char c) { return c == '/' || static_cast<unsigned char>(c) <= ' '; });
  return !id.empty() && id.size() <= kLongestLabel && is_plain && id != "." && id != "..";
}

Result<void> check_ids(const FrozenDag& dag) {
  const json::value* fields = find(dag.serialized, "dag");
  const std::string own = fields == nullptr ? "" : get_text(*fields, "dag_id");
  if (own != dag.dag_id || !is_good_id(own))
    return refused(fmt::format("the DAG '{}' calls itself '{}'", dag.dag_id, own));
  const json::value* tasks = find(*fields, "tasks");
  if (tasks == nullptr || !tasks->is_array()) return {};
  for (const json::value& task : tasks->get_array()) {
    const json::value* inner = find(task, "__var");
    const std::string id = inner == nullptr ? "" : get_text(*inner, "task_id");
    if (!is_good_id(id)) return refused(fmt::format("'{}' is no task_id (DAG '{}')", id, dag.dag_id));
  }
  return {};
}

Result<FrozenDag> read_dag(const json::value& from, std::size_t number) {
  ArtifactFields fields(from, fmt::format("content.dags[{}].", number));
  FrozenDag dag;
  dag.dag_id = fields.label("dag_id");
  dag.relative_fileloc = fields.text("relative_fileloc");
  dag.source = fields.text("source");
  dag.serialized = fields.object("serialized");
  if (!fields.problem().empty()) return refused(fields.problem());
  if (auto fine = check_ids(dag); !fine) return std::unexpected(fine.error());
  return dag;
}

/// Of this object only: in those within, such as params, the order of the keys means something.
void sort_keys(json::value& object) {
  std::map<std::string, json::value> sorted;
  for (auto& [key, value] : object.get_object()) sorted.emplace(key, std::move(value));
  json::object out;
  for (auto& [key, value] : sorted) out.emplace(key, std::move(value));
  object = std::move(out);
}

}  // namespace

std::string Artifact::content_hash() const {
  return hash_of(content_of(*this));
}

std::string Artifact::text() const {
  json::value content = content_of(*this);
  const std::string hash = hash_of(content);
  return json::serialize(json::object{{"schema_version", kSchemaVersion},
                                      {"dag_version", dag_version},
                                      {"content_hash", hash},
                                      {"content", std::move(content)}}) +
         "\n";
}

Result<Artifact> Artifact::read(std::string_view text) {
  const auto document = parse_json(text);
  if (!document) return refused(document.error().message);
  ArtifactFields top(*document, "");
  const std::string schema = top.text("schema_version");
  if (top.problem().empty() && schema != kSchemaVersion)
    return refused(
        fmt::format("its schema_version is '{}', this Leoflow reads '{}'", schema, kSchemaVersion));
  Artifact artifact;
  artifact.dag_version = top.label("dag_version");
  const std::string hash = top.text("content_hash");
  const json::value& content = top.object("content");
  if (!top.problem().empty()) return refused(top.problem());
  if (hash != hash_of(content))
    return refused(
        fmt::format("its content_hash is '{}', its content has '{}': it was changed after it was compiled",
                    hash, hash_of(content)));
  ArtifactFields fields(content, "content.");
  artifact.project = fields.label("project");
  artifact.image = fields.text_or_null("image");
  artifact.python_version = fields.text("python_version");
  const json::array& dags = fields.list("dags");
  if (!fields.problem().empty()) return refused(fields.problem());
  std::set<std::string> ids;
  for (std::size_t i = 0; i < dags.size(); ++i) {
    auto dag = read_dag(dags[i], i);
    if (!dag) return std::unexpected(dag.error());
    if (!ids.insert(dag->dag_id).second)
      return refused(fmt::format("the DAG '{}' is in it twice", dag->dag_id));
    artifact.dags.push_back(std::move(*dag));
  }
  return artifact;
}

void make_reproducible(json::value& serialized, std::string_view place) {
  auto* top = serialized.if_object();
  json::value* dag = top == nullptr ? nullptr : top->if_contains("dag");
  if (dag == nullptr || !dag->is_object()) return;
  dag->get_object()["fileloc"] = place;
  dag->get_object().erase("_processor_dags_folder");
  sort_keys(*dag);
  json::value* tasks = dag->get_object().if_contains("tasks");
  if (tasks == nullptr || !tasks->is_array()) return;
  for (json::value& task : tasks->get_array()) {
    json::value* fields = task.is_object() ? task.get_object().if_contains("__var") : nullptr;
    if (fields != nullptr && fields->is_object()) sort_keys(*fields);
  }
}

}  // namespace leoflow::dag
