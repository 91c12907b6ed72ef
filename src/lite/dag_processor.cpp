#include "lite/dag_processor.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/json.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

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
    : options_(std::move(options)),
      database_(database),
      engine_(engine),
      fleet_(fleet),
      watcher_(options_.root, [this] { look(); }) {}

DagProcessor::~DagProcessor() {
  stop();
}

void DagProcessor::start() {
  load_cache();
  watcher_.start();
  look();
}

void DagProcessor::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  watcher_.stop();
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
  const std::vector<Bundle> bundles = discover(options_.root);
  const std::lock_guard lock(mutex_);
  std::set<FileKey> seen;
  for (const Bundle& bundle : bundles) look_at(bundle, seen);
  for (auto it = dag_files_.begin(); it != dag_files_.end();) {
    if (seen.contains(it->first)) {
      ++it;
      continue;
    }
    engine_.remove_file(it->first.first, it->first.second);
    wanted_.erase(it->first);
    file_hashes_.erase(it->first);
    it = dag_files_.erase(it);
  }
  std::erase_if(known_files_, [&](const auto& entry) {
    return std::ranges::none_of(bundles, [&](const Bundle& bundle) { return bundle.name == entry.first; });
  });
  parse_wanted();
}

void DagProcessor::look_at(const Bundle& bundle, std::set<FileKey>& seen) {
  auto& known = known_files_[bundle.name];
  std::map<std::string, std::string> sources;  // of DAG files
  std::string shared;                          // hashes of all other files: any DAG may import them
  for (const auto& [path, stamp] : bundle.files) {
    const FileKey key{bundle.name, path};
    const auto before = known.find(path);
    const bool unchanged = before != known.end() && before->second == stamp;
    std::string& hash = file_hashes_[key];
    if (unchanged && !dag_files_.contains(key) && !hash.empty()) {
      shared += hash;
      continue;
    }
    const auto content = read_file(bundle.path + "/" + path);
    if (!content) continue;  // deleted since; the next look sees that
    hash = sha256_hex(*content);
    if (is_python(path) && may_define_dags(*content)) {
      sources.emplace(path, *content);
      seen.insert(key);
    } else {
      shared += hash;
    }
  }
  known = bundle.files;
  for (const auto& [path, source] : sources) {
    // Other DAG files count only where this one names them.
    std::string parts = options_.parser + bundle.path + path + file_hashes_[{bundle.name, path}] + shared;
    for (const auto& [other, other_source] : sources) {
      if (other != path && source.find(module_name(other)) != std::string::npos) {
        parts += file_hashes_[{bundle.name, other}];
      }
    }
    const std::string hash = sha256_hex(parts);
    DagFile& file = dag_files_[{bundle.name, path}];
    file.bundle_path = bundle.path;
    if (file.hash == hash) continue;
    file.hash = hash;
    want({bundle.name, path});
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
    if (!source) continue;
    if (!is_valid_utf8(*source)) {
      fleet::ParseOutcome outcome;
      outcome.error = fmt::format("{} is not valid UTF-8; save it as UTF-8\n", path);
      engine::ParsedFile parsed = to_parsed_file(outcome, key.second);
      parsed.bundle_name = key.first;
      parsed.bundle_path = file.bundle_path;
      parsed.content_hash = file.hash;
      engine_.put_file(std::move(parsed), {});
      continue;
    }
    file.parsing = true;
    file.again = false;
    ++parsing_;
    fleet_.parse(path, file.bundle_path, key.first, options_.time_limit,
                 [this, key, source = *source, hash = file.hash](fleet::ParseOutcome outcome) {
                   on_outcome(key, source, hash, std::move(outcome));
                 });
  }
}

void DagProcessor::on_outcome(const FileKey& key, const std::string& source, const std::string& hash,
                              fleet::ParseOutcome outcome) {
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
    if (parsed.import_error) {
      log::warning("{}/{}: import error", parsed.bundle_path, key.second);
    } else {
      log::info("{}/{}: {} DAG(s) in {} ms", parsed.bundle_path, key.second, parsed.serialized_dags.size(),
                outcome.duration.count() / 1000);
    }
    engine_.put_file(std::move(parsed), {});
    if (found->second.again) wanted_.insert(key);
  }
  parse_wanted();
}

}  // namespace leoflow::lite
