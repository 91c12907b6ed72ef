#include "lite/config.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "base/text.hpp"
#include "base/time_text.hpp"

namespace leoflow::lite {
namespace {

struct TextKey {
  const char* name;
  std::string Config::* field;
};

constexpr std::array<TextKey, 8> kTextKeys = {{
    {"admin_email", &Config::admin_email},
    {"admin_password_hash", &Config::admin_password_hash},
    {"jwt_secret", &Config::jwt_secret},
    {"secret_key", &Config::secret_key},
    {"agent_token", &Config::agent_token},
    {"python", &Config::python},
    {"workspace", &Config::workspace},
    {"lite_executor", &Config::lite_executor},
}};

std::vector<std::string> known_keys() {
  std::vector<std::string> out = {"lite_port", "jwt_previous"};
  for (const TextKey& key : kTextKeys) out.emplace_back(key.name);
  return out;
}

/// Throws YAML::Exception.
std::vector<auth::JwtKey> read_previous(const YAML::Node& list) {
  std::vector<auth::JwtKey> out;
  for (const YAML::Node& entry : list) {
    const auto until = parse_iso(entry["until"].as<std::string>());
    if (!until) throw YAML::RepresentationException(entry.Mark(), "jwt_previous: 'until' is not a time");
    out.push_back({entry["secret"].as<std::string>(), *until});
  }
  return out;
}

void write_previous(YAML::Emitter& out, const std::vector<auth::JwtKey>& keys) {
  out << YAML::Key << "jwt_previous" << YAML::Value << YAML::BeginSeq;
  for (const auth::JwtKey& key : keys) {
    out << YAML::BeginMap << YAML::Key << "secret" << YAML::Value << key.secret;
    out << YAML::Key << "until" << YAML::Value << to_iso_z(key.until) << YAML::EndMap;
  }
  out << YAML::EndSeq;
}

}  // namespace

Result<Config> load_config(const Home& home) {
  const std::string path = home.config_file().string();
  const auto text = read_file(path);
  if (!text) {
    std::error_code trouble;
    // Not as if there were none: its keys would be lost to new ones.
    if (std::filesystem::exists(path, trouble) || trouble)
      return fail(ErrorCode::unavailable,
                  fmt::format("'{}' cannot be read: give it back to whoever runs Leoflow", path));
    return fail(ErrorCode::not_found, fmt::format("'{}' does not exist; run `leoflow setup`", path));
  }
  Config config;
  try {
    const YAML::Node root = YAML::Load(*text);
    if (!root.IsMap())
      return fail(ErrorCode::invalid, fmt::format("'{}' is not a list of keys and values", path));
    for (const auto& entry : root) {
      const auto name = entry.first.as<std::string>();
      const auto key = std::ranges::find_if(kTextKeys, [&](const TextKey& k) { return name == k.name; });
      if (key != kTextKeys.end()) {
        config.*(key->field) = entry.second.as<std::string>("");
      } else if (name == "jwt_previous") {
        config.jwt_previous = read_previous(entry.second);
      } else if (name == "lite_port") {
        config.lite_port = entry.second.as<int>();
      } else {
        const auto meant = did_you_mean(name, known_keys());
        return fail(ErrorCode::invalid,
                    fmt::format("'{}': unknown key '{}'{}", path, name,
                                meant ? fmt::format("; did you mean '{}'?", *meant) : ""));
      }
    }
  } catch (const YAML::Exception& error) {
    return fail(ErrorCode::invalid, fmt::format("'{}': {}", path, error.what()));
  }
  return config;
}

void save_config(const Home& home, const Config& config) {
  YAML::Emitter out;
  out << YAML::BeginMap;
  for (const TextKey& key : kTextKeys) out << YAML::Key << key.name << YAML::Value << config.*(key.field);
  write_previous(out, config.jwt_previous);
  out << YAML::Key << "lite_port" << YAML::Value << config.lite_port << YAML::EndMap;
  std::filesystem::create_directories(home.root());
  write_file_atomically(home.config_file().string(), std::string(out.c_str()) + "\n", 0600);
}

}  // namespace leoflow::lite
