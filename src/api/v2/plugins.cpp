#include "api/core/page.hpp"
#include "api/resources.hpp"

namespace leoflow::api {

namespace {

Answer list_answer(std::string_view name, json::array items, std::size_t total) {
  Answer answer;
  answer.body = json::serialize(json::object{{name, std::move(items)}, {"total_entries", total}});
  return answer;
}

Result<Answer> get_plugins(Call& call, const gen::GetPluginsParams& params) {
  const auto facts = call.api.plugins.read(call.api.commands);
  if (!facts) return std::unexpected(facts.error());
  const std::span all((*facts)->plugins);
  const auto shown = page_of(all, params.limit, params.offset);
  return list_answer("plugins", json::array(shown.begin(), shown.end()), all.size());
}

Result<Answer> get_plugin_errors(Call& call, const gen::ImportErrorsParams&) {
  const auto facts = call.api.plugins.read(call.api.commands);
  if (!facts) return std::unexpected(facts.error());
  return list_answer("import_errors", (*facts)->import_errors, (*facts)->import_errors.size());
}

}  // namespace

void bind_plugins(Registry& registry) {
  registry.bind<op::get_plugins>(get_plugins);
  registry.bind<op::import_errors>(get_plugin_errors);
}

}  // namespace leoflow::api
