#include "lite/dag_processor.hpp"

#include <cctype>
#include <filesystem>
#include <fmt/format.h>

#include "base/json.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "lite/project_overlay.hpp"

namespace leoflow::lite {
namespace {

bool is_python(const std::string& path) {
  return path.ends_with(".py");
}

/// "etl/load.py" -> "load": how other files would import it.
std::string module_name(const std::string& path) {
  const auto slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  return name.substr(0, name.size() - 3);
}

/// The words of all import lines: what other files of the bundle may be named by.
std::set<std::string> import_words(std::string_view source) {
  std::set<std::string> out;
  for (const std::string& line : split(source, '\n')) {
    const std::string_view text = trim(line);
    if (!text.starts_with("import ") && !text.starts_with("from ")) continue;
    std::string word;
    for (const char c : std::string(text) + " ") {
      if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') {
        word += c;
      } else if (!word.empty()) {
        out.insert(std::move(word));
        word.clear();
      }
    }
  }
  return out;
}

}  // namespace

engine::ParsedFile to_parsed_file(const fleet::ParseOutcome& outcome, const std::string& relative_fileloc) {
  engine::ParsedFile file;
  file.relative_fileloc = relative_fileloc;
  file.parse_duration = outcome.duration;
  if (!outcome.error.empty()) {
    file.import_error = outcome.error;
    return file;
  }
  auto result = parse_json(outcome.result);
  if (!result) {
    file.import_error = fmt::format("the parser's answer cannot be read: {}", result.error().message);
    return file;
  }
  if (const json::value* dags = find(*result, "serialized_dags"); dags != nullptr && dags->is_array()) {
    for (const json::value& dag : dags->get_array()) {
      if (const json::value* data = find(dag, "data")) file.serialized_dags.push_back(*data);
    }
  }
  if (const json::value* warnings = find(*result, "warnings"); warnings != nullptr && warnings->is_array()) {
    for (const json::value& told : warnings->get_array()) {
      file.warnings.push_back(
          {get_text(told, "dag_id"), get_text(told, "warning_type"), get_text(told, "message")});
    }
  }
  if (const json::value* errors = find(*result, "import_errors"); errors != nullptr && errors->is_object()) {
    for (const auto& [path, trace] : errors->get_object()) {
      if (!file.import_error) file.import_error.emplace();
      if (trace.is_string()) *file.import_error += std::string(trace.get_string());
    }
  }
  return file;
}

DagProcessor::DagProcessor(DagProcessorOptions options, store::Database& database, engine::Engine& engine,
                           fleet::Fleet& fleet)
    : options_(std::move(options)), database_(database), engine_(engine), fleet_(fleet) {
  const auto on_change = [this] { look(); };
  watchers_.push_back(std::make_unique<TreeWatcher>(options_.root, on_change));
  for (const BundleConfig& bundle : options_.bundles) {
    if (bundle.is_git()) {
      const auto on_commit = [this, index = repositories_.size()] {
        look();
        prune(*repositories_[index]);
      };
      repositories_.push_back(
          std::make_unique<GitBundle>(bundle, options_.bundles_folder + "/" + bundle.name, on_commit));
    } else {
      watchers_.push_back(std::make_unique<TreeWatcher>(bundle.path, on_change));
    }
  }
}

DagProcessor::~DagProcessor() {
  stop();
}

void DagProcessor::start() {
  load_cache();
  for (const auto& watcher : watchers_) watcher->start();
  look();
  for (const auto& repository : repositories_) repository->start();
}

void DagProcessor::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  for (const auto& repository : repositories_) repository->stop();
  for (const auto& watcher : watchers_) watcher->stop();
}

void DagProcessor::load_cache() {
  const auto session = database_.read();
  const std::lock_guard lock(mutex_);
  for (const store::Row row :
       session->query("SELECT bundle_name, relative_fileloc, content_hash FROM parsed_file")) {
    dag_files_[{row.text(0), row.text(1)}].hash = row.text(2);
  }
}

void DagProcessor::reparse(const std::string& bundle, const std::string& relative_fileloc) {
  const std::lock_guard lock(mutex_);
  want({bundle, relative_fileloc});
  parse_wanted();
}

void DagProcessor::look() {
  const std::lock_guard whole(looking_);
  const std::vector<Bundle> bundles = all_bundles();
  const std::lock_guard lock(mutex_);
  std::set<FileKey> dag_files;
  for (const Bundle& bundle : bundles) look_at(bundle, dag_files);
  forget_missing(bundles, dag_files);
  parse_wanted();
}

void DagProcessor::prune(const GitBundle& repository) {
  std::set<std::string> used;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, file] : dag_files_) used.insert(file.bundle_version);
  }
  try {
    const auto session = database_.read();
    // The newest versions come first: a run that begins meanwhile has one of them.
    for (const char* sql :
         {"SELECT DISTINCT v.bundle_version FROM dag d JOIN dag_version v ON v.id ="
          " d.current_version_id WHERE v.bundle_version IS NOT NULL",
          "SELECT DISTINCT bundle_version FROM dag_run WHERE bundle_version IS NOT NULL",
          // Runs without a version of their own: what goes on began with one.
          "SELECT DISTINCT v.bundle_version FROM task_instance t JOIN dag_version v ON v.id ="
          " t.dag_version_id WHERE v.bundle_version IS NOT NULL AND (t.state IS NULL OR t.state"
          " NOT IN ('success', 'failed', 'skipped', 'upstream_failed', 'removed'))"}) {
      for (const store::Row row : session->query(sql)) used.insert(row.text(0));
    }
  } catch (const std::exception& error) {
    log::warning("bundle '{}': old commits stay: {}", repository.name(), error.what());
    return;
  }
  repository.prune(used);
}

std::vector<Bundle> DagProcessor::all_bundles() const {
  std::vector<Bundle> out = discover(options_.root);
  for (const BundleConfig& bundle : options_.bundles) {
    if (!bundle.is_git()) out.push_back(scan(bundle.name, bundle.path));
  }
  for (const auto& repository : repositories_) {
    const auto checkout = repository->current();
    if (!checkout) continue;
    out.push_back(scan(repository->name(), checkout->path));
    out.back().version = checkout->commit;
  }
  return out;
}

void DagProcessor::forget_missing(const std::vector<Bundle>& bundles, const std::set<FileKey>& dag_files) {
  // One in git that was not fetched yet, after a restart say, is not gone.
  std::set<std::string> unknown;
  for (const auto& repository : repositories_) {
    if (!repository->current()) unknown.insert(repository->name());
  }
  std::erase_if(dag_files_, [&](const auto& entry) {
    const FileKey& key = entry.first;
    if (dag_files.contains(key) || unknown.contains(key.first)) return false;
    engine_.remove_file(key.first, key.second);
    wanted_.erase(key);
    return true;
  });
  std::set<FileKey> all;
  for (const Bundle& bundle : bundles) {
    for (const auto& [path, stamp] : bundle.files) all.emplace(bundle.name, path);
  }
  std::erase_if(facts_, [&](const auto& entry) { return !all.contains(entry.first); });
}

const DagProcessor::FileFacts* DagProcessor::facts_of(const Bundle& bundle, const std::string& path,
                                                      const FileStamp& stamp) {
  FileFacts& facts = facts_[{bundle.name, path}];
  if (facts.stamp == stamp) return &facts;
  const std::string full = bundle.path + "/" + path;
  const auto content = read_file(full);
  if (!content) {
    std::error_code ignored;
    if (!std::filesystem::exists(full, ignored)) return nullptr;  // deleted since; the next look sees that
    // Without a stamp: it is tried again with each look.
    facts = {.hash = "unreadable", .looks_like_dags = is_python(path)};
    if (path == kProjectFileName) facts.scope = ProjectScope(read_project(bundle.path).value());
    return &facts;
  }
  facts.stamp = stamp;
  facts.hash = sha256_hex(*content);
  facts.looks_like_dags = is_python(path) && may_define_dags(*content);
  facts.imports = is_python(path) ? import_words(*content) : std::set<std::string>{};
  if (path == kProjectFileName) {
    facts.scope = ProjectScope(read_project_file(*content));
  } else if (path.ends_with("/" + std::string(kProjectFileName))) {
    log::warning("{}/{} is not read: {} is the folder of the project", bundle.path, path, bundle.path);
  }
  return &facts;
}

ProjectScope DagProcessor::scope_of(const Bundle& bundle) {
  const auto file = bundle.files.find(std::string(kProjectFileName));
  const FileFacts* facts = file == bundle.files.end() ? nullptr : facts_of(bundle, file->first, file->second);
  return facts == nullptr ? ProjectScope() : facts->scope;
}

void DagProcessor::report(const Bundle& bundle, const std::vector<ProjectProblem>& problems,
                          std::set<FileKey>& dag_files) {
  for (auto& [key, file] : dag_files_) {
    // Commits before are on the disk, too.
    if (key.first != bundle.name || (bundle.version.empty() && !bundle.files.contains(key.second))) continue;
    if (file.bundle_path.empty()) file.bundle_path = bundle.path;
    dag_files.insert(key);
  }
  const FileKey key{bundle.name, std::string(kProjectFileName)};
  dag_files.insert(key);
  engine::ParsedFile parsed;
  parsed.import_error = problems_text(problems);
  parsed.content_hash = sha256_hex(*parsed.import_error);
  if (dag_files_[key].hash == parsed.content_hash) return;
  dag_files_[key].hash = parsed.content_hash;
  log::warning("{}/{}: {}", bundle.path, kProjectFileName, problems.front().message);
  parsed.bundle_name = bundle.name;
  parsed.bundle_path = bundle.path;
  parsed.relative_fileloc = key.second;
  engine_.put_file(std::move(parsed), {});
}

void DagProcessor::look_at(const Bundle& bundle, std::set<FileKey>& dag_files) {
  const ProjectScope scope = scope_of(bundle);
  const auto problems =
      scope.problems([&bundle](const std::string& path) { return bundle.files.contains(path); });
  if (!problems.empty()) return report(bundle, problems, dag_files);
  std::map<std::string, const FileFacts*> found;           // DAG files by path
  std::multimap<std::string, const FileFacts*> by_module;  // the same by the name others import
  std::string shared;  // hashes of all other files: any DAG file may depend on them
  for (const auto& [path, stamp] : bundle.files) {
    if (path != kProjectFileName && scope.excludes(path)) continue;
    const FileFacts* facts = facts_of(bundle, path, stamp);
    if (facts == nullptr) continue;
    if (!scope.is_dag_file(path, facts->looks_like_dags)) {
      shared += facts->hash;
      continue;
    }
    found.emplace(path, facts);
    by_module.emplace(module_name(path), facts);
  }
  const std::string common = sha256_hex(options_.parser + bundle.path + shared);
  for (const auto& [path, facts] : found) {
    std::string parts = common + path + facts->hash;
    for (const std::string& word : facts->imports) {
      for (auto [it, end] = by_module.equal_range(word); it != end; ++it) parts += it->second->hash;
    }
    const FileKey key{bundle.name, path};
    dag_files.insert(key);
    DagFile& file = dag_files_[key];
    file.bundle_path = bundle.path;
    file.bundle_version = bundle.version;
    const std::string hash = sha256_hex(parts);
    if (file.hash == hash) continue;
    file.hash = hash;
    want(key);
  }
}

void DagProcessor::want(const FileKey& key) {
  const auto found = dag_files_.find(key);
  if (found == dag_files_.end()) return;
  if (found->second.parsing) {
    found->second.again = true;
  } else {
    wanted_.insert(key);
  }
}

void DagProcessor::parse_wanted() {
  while (!stopping_ && parsing_ < options_.parallel && !wanted_.empty()) {
    const FileKey key = *wanted_.begin();
    wanted_.erase(wanted_.begin());
    DagFile& file = dag_files_[key];
    const std::string path = file.bundle_path + "/" + key.second;
    const auto source = read_file(path);
    std::error_code ignored;
    if (!source && !std::filesystem::exists(path, ignored)) continue;
    if (!source || !is_valid_utf8(*source)) {
      engine::ParsedFile parsed;
      parsed.import_error = fmt::format(
          "{} {}\n", path, source ? "is not valid UTF-8; save it as UTF-8" : "cannot be read by this user");
      parsed.bundle_name = key.first;
      parsed.bundle_path = file.bundle_path;
      parsed.relative_fileloc = key.second;
      parsed.content_hash = file.hash;
      put(std::move(parsed), {});
      continue;
    }
    file.parsing = true;
    file.again = false;
    ++parsing_;
    fleet_.parse(path, file.bundle_path, key.first, options_.time_limit,
                 [this, key, source = *source, hash = file.hash](fleet::ParseOutcome outcome) {
                   on_outcome(key, source, hash, outcome);
                 });
  }
}

void DagProcessor::on_outcome(const FileKey& key, const std::string& source, const std::string& hash,
                              const fleet::ParseOutcome& outcome) {
  engine::ParsedFile parsed = to_parsed_file(outcome, key.second);
  parsed.bundle_name = key.first;
  parsed.content_hash = hash;
  parsed.source = source;
  const std::lock_guard lock(mutex_);
  --parsing_;
  const auto found = dag_files_.find(key);
  if (found != dag_files_.end()) {
    found->second.parsing = false;
    parsed.bundle_path = found->second.bundle_path;
    if (!found->second.bundle_version.empty()) parsed.bundle_version = found->second.bundle_version;
    if (!apply_project_file(parsed)) {
      found->second.hash.clear();
    } else {
      put(std::move(parsed), outcome.duration);
    }
    if (found->second.again) wanted_.insert(key);
  }
  parse_wanted();
}

void DagProcessor::put(engine::ParsedFile parsed, Duration took) {
  if (parsed.import_error) {
    log::warning("{}/{}: import error", parsed.bundle_path, parsed.relative_fileloc);
  } else {
    log::info("{}/{}: {} DAG(s) in {} ms", parsed.bundle_path, parsed.relative_fileloc,
              parsed.serialized_dags.size(), took.count() / 1000);
  }
  engine_.put_file(std::move(parsed), {});
}

bool DagProcessor::apply_project_file(engine::ParsedFile& parsed) const {
  if (parsed.import_error) return true;
  const auto overlaid = overlay_project(parsed.bundle_path, parsed.relative_fileloc, parsed.serialized_dags,
                                        options_.python_version);
  if (overlaid.is_broken) return false;
  if (!overlaid.problems.empty()) {
    parsed.import_error = problems_text(overlaid.problems);
    parsed.serialized_dags.clear();
  } else if (overlaid.wants_pods && !options_.has_pods) {
    log::info("{}/{}: `resources` and `execution` are for pods, and tasks run in none here",
              parsed.bundle_path, kProjectFileName);
  }
  return true;
}

}  // namespace leoflow::lite
