#include <algorithm>
#include <fmt/format.h>

#include "api/core/acceptable.hpp"
#include "api/resources.hpp"
#include "base/spawn.hpp"
#include "base/text.hpp"

namespace leoflow::api {

namespace {

/// What cannot be answered for its form, or because it is not exposed.
std::optional<Answer> refused_configuration(const Call& call) {
  if (auto refused = not_acceptable(call, "text/plain")) return refused;
  if (call.api.config.settings.expose_config) return std::nullopt;
  return http::error_response(
      403,
      "Your Airflow administrator chose not to expose the configuration, most likely for security reasons.");
}

/// Agents have some settings of their own; these are the server's.
json::object settings_of_server() {
  json::object out;
  for (const std::string& entry : environment_with({})) {
    const std::size_t equals = entry.find('=');
    if (entry.starts_with("AIRFLOW__"))
      out[to_valid_utf8(entry.substr(0, equals))] = to_valid_utf8(entry.substr(equals + 1));
  }
  return out;
}

Result<json::array> configured_sections(Call& call) {
  return call.api.catalog.read(call.api.commands, "configuration", {{"variables", settings_of_server()}});
}

std::string option_text(const gen::ConfigOption& option) {
  return fmt::format("{} = {}", option.key, std::string_view(option.value.as_string()));
}

std::string section_text(const gen::ConfigSection& section) {
  std::vector<std::string> options;
  for (const gen::ConfigOption& option : section.options) options.push_back(option_text(option));
  return fmt::format("[{}]\n{}\n", section.name, join(options, "\n"));
}

Answer configuration_answer(const Call& call, const gen::Config& config) {
  if (!call.request.header("accept").starts_with("text/plain")) return ok(config);
  std::vector<std::string> sections;
  for (const gen::ConfigSection& section : config.sections) sections.push_back(section_text(section));
  Answer answer;
  answer.content_type = "text/plain; charset=utf-8";
  answer.body = join(sections, "\n");
  return answer;
}

Result<Answer> get_config(Call& call, const gen::GetConfigParams& params) {
  if (auto refused = refused_configuration(call)) return std::move(*refused);
  const auto sections = configured_sections(call);
  if (!sections) return std::unexpected(sections.error());
  const bool is_all = !params.section || params.section->empty();
  gen::Config config;
  for (const json::value& told : *sections) {
    const std::string name = get_text(told, "name");
    if (!is_all && name != *params.section) continue;
    auto& section = config.sections.emplace_back();
    section.name = name;
    for (const auto& [key, value] : told.at("options").as_object()) {
      section.options.push_back({.key = std::string(key), .value = value});
    }
  }
  if (!is_all && config.sections.empty()) {
    return fail(ErrorCode::not_found, fmt::format("Section {} not found.", *params.section));
  }
  return configuration_answer(call, config);
}

Result<Answer> get_config_value(Call& call, const gen::GetConfigValueParams& params) {
  if (auto refused = refused_configuration(call)) return std::move(*refused);
  const auto sections = configured_sections(call);
  if (!sections) return std::unexpected(sections.error());
  const std::string key = to_lower(params.option);
  for (const json::value& told : *sections) {
    if (get_text(told, "name") != to_lower(params.section)) continue;
    const json::value* value = find(told.at("options"), key);
    if (value == nullptr) break;
    // What is secret is hidden here even if it is empty, as in Airflow.
    const json::array& sensitive = told.at("sensitive").as_array();
    const bool is_hidden = std::ranges::find(sensitive, json::value(key)) != sensitive.end();
    gen::Config config;
    auto& section = config.sections.emplace_back();
    section.name = params.section;
    section.options.push_back(
        {.key = params.option, .value = is_hidden ? json::value("< hidden >") : *value});
    return configuration_answer(call, config);
  }
  return fail(ErrorCode::not_found, fmt::format("Option [{}/{}] not found.", params.section, params.option));
}

}  // namespace

void bind_configuration(Registry& registry) {
  registry.bind<op::get_config>(get_config);
  registry.bind<op::get_config_value>(get_config_value);
}

}  // namespace leoflow::api
