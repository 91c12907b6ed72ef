#include "kube/access.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <yaml-cpp/yaml.h>

#include "base/text.hpp"
#include "base/variables.hpp"

namespace leoflow::kube {
namespace {

const std::string kServiceAccount = "/var/run/secrets/kubernetes.io/serviceaccount/";

std::unexpected<Error> bad(std::string_view what) {
  return fail(ErrorCode::invalid, fmt::format("the kubeconfig cannot be used: {}", what));
}

std::optional<std::string> from_base64(const std::string& text) {
  std::string out(text.size() / 4 * 3 + 3, '\0');
  const int size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  out.resize(static_cast<std::size_t>(size) - padding);
  return out;
}

/// The entry of a list that has this name.
YAML::Node named(const YAML::Node& list, const std::string& name) {
  for (const YAML::Node& entry : list) {
    if (entry["name"] && entry["name"].as<std::string>() == name) return entry;
  }
  return YAML::Node(YAML::NodeType::Undefined);
}

/// One part of a kubeconfig: a cluster or a user.
class Part {
 public:
  Part(const YAML::Node& node, std::string folder) : node_(node), folder_(std::move(folder)) {}

  std::string text(const char* key) const { return node_[key] ? node_[key].as<std::string>() : ""; }
  std::string path(const char* key) const {
    const std::string value = text(key);
    return value.empty() ? "" : (std::filesystem::path(folder_) / value).string();
  }
  /// What "<key>-data" holds, or the file that `key` names. Errors: invalid.
  Result<std::string> content(const std::string& key) const {
    if (const std::string data = text((key + "-data").c_str()); !data.empty()) {
      auto decoded = from_base64(data);
      if (!decoded) return bad(fmt::format("'{}-data' is not base64", key));
      return *decoded;
    }
    const std::string file = path(key.c_str());
    if (file.empty()) return std::string();
    auto read = read_file(file);
    if (!read) return bad(fmt::format("'{}' names {}, which cannot be read", key, file));
    return *read;
  }
  bool has(const char* key) const { return static_cast<bool>(node_[key]); }

 private:
  const YAML::Node node_;
  const std::string folder_;
};

Result<Access> read_document(const YAML::Node& root, const std::string& folder) {
  const std::string current = Part(root, folder).text("current-context");
  if (current.empty()) return bad("it has no 'current-context'");
  const YAML::Node context = named(root["contexts"], current);
  if (!context || !context["context"]) return bad(fmt::format("it has no context '{}'", current));
  const Part chosen(context["context"], folder);
  const YAML::Node cluster_node = named(root["clusters"], chosen.text("cluster"));
  if (!cluster_node || !cluster_node["cluster"])
    return bad(fmt::format("it has no cluster '{}'", chosen.text("cluster")));
  const YAML::Node user_node = named(root["users"], chosen.text("user"));
  if (!user_node || !user_node["user"]) return bad(fmt::format("it has no user '{}'", chosen.text("user")));
  const Part cluster(cluster_node["cluster"], folder);
  const Part user(user_node["user"], folder);
  if (user.has("exec") || user.has("auth-provider")) {
    return fail(ErrorCode::unsupported,
                fmt::format("user '{}' of the kubeconfig has a plugin for its credentials, which is not "
                            "supported: give it a token or a certificate",
                            chosen.text("user")));
  }
  if (cluster.has("insecure-skip-tls-verify")) return bad("'insecure-skip-tls-verify' is not taken");
  Access out;
  out.server = cluster.text("server");
  if (out.server.empty()) return bad(fmt::format("cluster '{}' has no 'server'", chosen.text("cluster")));
  while (out.server.ends_with('/')) out.server.pop_back();
  out.token = user.text("token");
  out.token_file = user.path("tokenFile");
  out.name_space = chosen.text("namespace");
  for (const auto& [key, part, into] : {std::tuple{"certificate-authority", &cluster, &out.ca},
                                        std::tuple{"client-certificate", &user, &out.certificate},
                                        std::tuple{"client-key", &user, &out.key}}) {
    auto content = part->content(key);
    if (!content) return std::unexpected(content.error());
    *into = std::move(*content);
  }
  return out;
}

Result<Access> from_pod() {
  const std::string host = environment_variable("KUBERNETES_SERVICE_HOST");
  const std::string port = environment_variable("KUBERNETES_SERVICE_PORT");
  auto ca = read_file(kServiceAccount + "ca.crt");
  if (host.empty() || port.empty() || !ca) {
    return fail(
        ErrorCode::not_found,
        "no Kubernetes: neither a kubeconfig is given nor does this run in a pod with a ServiceAccount");
  }
  Access out;
  out.server =
      fmt::format("https://{}:{}", host.find(':') == std::string::npos ? host : "[" + host + "]", port);
  out.ca = std::move(*ca);
  out.token_file = kServiceAccount + "token";
  out.name_space = trim(read_file(kServiceAccount + "namespace").value_or(""));
  return out;
}

}  // namespace

Result<Access> read_kubeconfig(const std::string& text, const std::string& folder) {
  try {
    const YAML::Node root = YAML::Load(text);
    if (!root.IsMap()) return bad("it is not keys with values");
    return read_document(root, folder);
  } catch (const YAML::Exception& error) {
    return bad(error.what());
  }
}

Result<Access> find_access(const std::string& kubeconfig) {
  if (kubeconfig.empty()) return from_pod();
  const auto text = read_file(kubeconfig);
  if (!text) return fail(ErrorCode::not_found, fmt::format("the kubeconfig '{}' cannot be read", kubeconfig));
  return read_kubeconfig(*text, std::filesystem::absolute(kubeconfig).parent_path().string());
}

}  // namespace leoflow::kube
