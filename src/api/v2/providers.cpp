#include "api/core/page.hpp"
#include "api/resources.hpp"

namespace leoflow::api {

namespace {

Result<Answer> get_providers(Call& call, const gen::GetProvidersParams& params) {
  const auto providers = call.api.catalog.read(call.api.commands, "providers");
  if (!providers) return std::unexpected(providers.error());
  gen::ProviderCollectionResponse list;
  list.total_entries = static_cast<std::int64_t>(providers->size());
  for (const json::value& item : page_of(std::span(*providers), params.limit, params.offset)) {
    auto& provider = list.providers.emplace_back();
    provider.package_name = get_text(item, "package_name");
    provider.description = get_text(item, "description");
    provider.version = get_text(item, "version");
    provider.documentation_url = find_text(item, "documentation_url");
  }
  return ok(list);
}

}  // namespace

void bind_providers(Registry& registry) {
  registry.bind<op::get_providers>(get_providers);
}

}  // namespace leoflow::api
