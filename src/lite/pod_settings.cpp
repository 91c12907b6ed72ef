#include "lite/pod_settings.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <map>
#include <regex>
#include <yaml-cpp/yaml.h>

#include "base/text.hpp"
#include "lite/yaml_line.hpp"

namespace leoflow::lite {
namespace {

/// What stands in quotes is text, the rest what YAML takes it for.
json::value to_json(const YAML::Node& node) {
  if (node.IsSequence()) {
    json::array out;
    for (const YAML::Node& item : node) out.push_back(to_json(item));
    return out;
  }
  if (node.IsMap()) {
    json::object out;
    for (const auto& entry : node) out[entry.first.Scalar()] = to_json(entry.second);
    return out;
  }
  if (!node.IsScalar()) return nullptr;
  bool truth = false;
  std::int64_t number = 0;
  if (node.Tag() != "!" && YAML::convert<std::int64_t>::decode(node, number)) return number;
  if (node.Tag() != "!" && YAML::convert<bool>::decode(node, truth)) return truth;
  return json::value(node.Scalar());
}

/// Reads the keys of a map; what is none of them, or stands there wrongly, is a problem.
class MapReader {
 public:
  using Read = std::function<void(const YAML::Node&)>;

  MapReader(const YAML::Node& node, std::string name, const OnProblem& problem)
      : node_(node), name_(std::move(name)), problem_(problem) {}

  void read(const std::map<std::string, Read>& keys) const {
    if (!node_.IsMap()) return problem_(line_of(node_), fmt::format("'{}' must be keys with values", name_));
    std::vector<std::string> names;
    for (const auto& [name, read] : keys) names.push_back(name);
    for (const auto& entry : node_) {
      const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
      const auto known = keys.find(key);
      if (known == keys.end()) {
        const auto meant = did_you_mean(key, names);
        problem_(line_of(entry.first), fmt::format("unknown key '{}.{}'{}", name_, key,
                                                   meant ? fmt::format("; did you mean '{}'?", *meant) : ""));
      } else if (!entry.second.IsNull()) {
        known->second(entry.second);
      }
    }
  }

  Read text_into(json::object& into, const char* field) const {
    return [this, &into, field](const YAML::Node& value) {
      if (!value.IsScalar()) return refuse(value, "text");
      into[field] = value.Scalar();
    };
  }
  /// Names with texts.
  Read texts_into(json::object& into, const char* field) const {
    return [this, &into, field](const YAML::Node& value) {
      json::object out;
      bool is_good = value.IsMap();
      for (auto entry = value.begin(); is_good && entry != value.end(); ++entry) {
        is_good = entry->first.IsScalar() && entry->second.IsScalar();
        if (is_good) out[entry->first.Scalar()] = entry->second.Scalar();
      }
      if (!is_good) return refuse(value, "names with texts");
      into[field] = std::move(out);
    };
  }
  Read list_into(json::object& into, const char* field) const {
    return [this, &into, field](const YAML::Node& value) {
      if (!value.IsSequence()) return refuse(value, "a list");
      into[field] = to_json(value);
    };
  }
  Read map_into(json::object& into, const char* field) const {
    return [this, &into, field](const YAML::Node& value) {
      if (!value.IsMap()) return refuse(value, "keys with values");
      into[field] = to_json(value);
    };
  }
  void refuse(const YAML::Node& value, std::string_view expected) const {
    problem_(line_of(value), fmt::format("an entry of '{}' must be {}", name_, expected));
  }

 private:
  const YAML::Node& node_;
  const std::string name_;
  const OnProblem& problem_;
};

/// Of one container, in a pod.
json::value in_pod(json::object container) {
  if (container.empty()) return nullptr;
  container["name"] = "base";
  return json::object{{"spec", json::object{{"containers", json::array{std::move(container)}}}}};
}

}  // namespace

json::value read_resources(const YAML::Node& node, const std::string& name, const OnProblem& problem) {
  // Kubernetes' quantities.
  static const std::regex kQuantity("[0-9]+(\\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?");
  json::object requests;
  json::object limits;
  const auto quantity = [&](const YAML::Node& value, const std::string& what, json::object& into) {
    if (value.IsScalar() && std::regex_match(value.Scalar(), kQuantity)) {
      into[what] = value.Scalar();
    } else {
      problem(line_of(value), fmt::format("'{}' of '{}' must be a quantity such as 500m or 1Gi", what, name));
    }
  };
  const auto quantities = [&](json::object& into) {
    return [&](const YAML::Node& value) {
      if (!value.IsMap())
        return problem(line_of(value), fmt::format("an entry of '{}' must be quantities by name", name));
      for (const auto& entry : value) quantity(entry.second, entry.first.Scalar(), into);
    };
  };
  MapReader(node, name, problem)
      .read({{"requests", quantities(requests)},
             {"limits", quantities(limits)},
             {"cpu", [&](const YAML::Node& value) { quantity(value, "cpu", requests); }},
             {"memory", [&](const YAML::Node& value) {
                quantity(value, "memory", requests);
                if (requests.contains("memory")) limits["memory"] = requests["memory"];
              }}});
  json::object resources;
  if (!requests.empty()) resources["requests"] = std::move(requests);
  if (!limits.empty()) resources["limits"] = std::move(limits);
  return resources.empty() ? nullptr : in_pod({{"resources", std::move(resources)}});
}

json::value read_execution(const YAML::Node& node, const std::string& name, const OnProblem& problem) {
  json::object spec;
  json::object metadata;
  json::object container;
  const MapReader reader(node, name, problem);
  reader.read({{"node_selector", reader.texts_into(spec, "nodeSelector")},
               {"tolerations", reader.list_into(spec, "tolerations")},
               {"affinity", reader.map_into(spec, "affinity")},
               {"topology_spread_constraints", reader.list_into(spec, "topologySpreadConstraints")},
               {"service_account", reader.text_into(spec, "serviceAccountName")},
               {"priority_class", reader.text_into(spec, "priorityClassName")},
               {"runtime_class", reader.text_into(spec, "runtimeClassName")},
               {"labels", reader.texts_into(metadata, "labels")},
               {"annotations", reader.texts_into(metadata, "annotations")},
               {"image_pull_policy",
                [&](const YAML::Node& value) {
                  constexpr std::array<std::string_view, 3> kPolicies = {"Always", "IfNotPresent", "Never"};
                  if (!value.IsScalar() || std::ranges::find(kPolicies, value.Scalar()) == kPolicies.end())
                    return problem(line_of(value), fmt::format("'image_pull_policy' of '{}' must be Always, "
                                                               "IfNotPresent or Never",
                                                               name));
                  container["imagePullPolicy"] = value.Scalar();
                }},
               {"image_pull_secrets",
                [&](const YAML::Node& value) {
                  json::array secrets;
                  bool is_good = value.IsSequence();
                  for (auto item = value.begin(); is_good && item != value.end(); ++item) {
                    is_good = item->IsScalar();
                    if (is_good) secrets.push_back(json::object{{"name", item->Scalar()}});
                  }
                  if (!is_good) return reader.refuse(value, "names of secrets");
                  spec["imagePullSecrets"] = std::move(secrets);
                }},
               {"termination_grace_seconds", [&](const YAML::Node& value) {
                  int seconds = 0;
                  if (!value.IsScalar() || !YAML::convert<int>::decode(value, seconds) || seconds < 0)
                    return reader.refuse(value, "whole seconds");
                  spec["terminationGracePeriodSeconds"] = seconds;
                }}});
  if (!container.empty()) {
    container["name"] = "base";
    spec["containers"] = json::array{std::move(container)};
  }
  json::object pod;
  if (!spec.empty()) pod["spec"] = std::move(spec);
  if (!metadata.empty()) pod["metadata"] = std::move(metadata);
  return pod.empty() ? nullptr : json::value(std::move(pod));
}

}  // namespace leoflow::lite
