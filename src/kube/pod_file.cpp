#include "kube/pod_file.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "base/text.hpp"

namespace leoflow::kube {
namespace {

/// Depth at which no pod is; a document that refers to itself is.
constexpr int kDeepest = 64;

json::value scalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  // Quoted: a text, whatever it looks like.
  if (node.Tag() == "!") return json::string(text);
  std::int64_t integer = 0;
  if (YAML::convert<std::int64_t>::decode(node, integer)) return integer;
  double number = 0;
  if (YAML::convert<double>::decode(node, number)) return number;
  bool truth = false;
  if (YAML::convert<bool>::decode(node, truth)) return truth;
  return json::string(text);
}

json::value to_json(const YAML::Node& node, int depth = 0) {
  if (depth > kDeepest) throw YAML::Exception(node.Mark(), "it is nested too deeply");
  switch (node.Type()) {
    case YAML::NodeType::Scalar:
      return scalar(node);
    case YAML::NodeType::Sequence: {
      json::array out;
      for (const YAML::Node& item : node) out.push_back(to_json(item, depth + 1));
      return out;
    }
    case YAML::NodeType::Map: {
      json::object out;
      for (const auto& entry : node) {
        if (!entry.first.IsScalar()) throw YAML::Exception(entry.first.Mark(), "a key must be text");
        out[entry.first.Scalar()] = to_json(entry.second, depth + 1);
      }
      return out;
    }
    case YAML::NodeType::Null:
    case YAML::NodeType::Undefined:
      break;
  }
  return nullptr;
}

std::string first_container(const json::value& pod) {
  const json::value* spec = find(pod, "spec");
  const json::value* containers = spec == nullptr ? nullptr : find(*spec, "containers");
  if (containers == nullptr || !containers->is_array() || containers->get_array().empty()) return "";
  return get_text(containers->get_array()[0], "name");
}

}  // namespace

Result<json::value> read_pod(std::string_view text) {
  json::value pod;
  try {
    pod = to_json(YAML::Load(std::string(text)));
  } catch (const YAML::Exception& error) {
    return fail(ErrorCode::invalid, fmt::format("line {}: {}", error.mark.line + 1, error.msg));
  }
  if (!pod.is_object() || get_text(pod, "kind") != "Pod")
    return fail(ErrorCode::invalid, "it is no document of kind Pod");
  if (const std::string name = first_container(pod); name != "base")
    return fail(ErrorCode::invalid,
                fmt::format("its first container is '{}': that of the task is 'base'", name));
  return pod;
}

Result<json::value> read_pod_file(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return fail(ErrorCode::not_found, fmt::format("'{}' cannot be read", path));
  auto pod = read_pod(*text);
  if (!pod) return fail(ErrorCode::invalid, fmt::format("'{}': {}", path, pod.error().message));
  return pod;
}

}  // namespace leoflow::kube
