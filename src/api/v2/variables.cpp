#include <fmt/core.h>

#include "api/core/bulk.hpp"
#include "api/core/masking.hpp"
#include "api/core/python_text.hpp"
#include "api/core/select.hpp"
#include "api/resources.hpp"
#include "base/log.hpp"
#include "base/secret_names.hpp"

namespace leoflow::api {

namespace {

using Mask = std::optional<std::vector<std::string>>;

std::unexpected<Error> no_variable(const std::string& key) {
  return fail(ErrorCode::not_found, fmt::format("The Variable with key: `{}` was not found", key));
}

std::optional<std::string> opened(Call& call, const std::string& key, const std::string& sealed) {
  auto text = call.api.sealer.open(sealed);
  if (text) return std::move(*text);
  log::error("variable '{}': {}", key, text.error().message);
  return std::nullopt;
}

gen::VariableResponse variable_from(Call& call, store::Row row) {
  gen::VariableResponse variable;
  variable.key = row.text(0);
  variable.value = opened(call, variable.key, row.text(1));
  variable.description = row.find_text(2);
  variable.is_encrypted = true;
  if (variable.value) {
    variable.value = is_sensitive_name(variable.key) ? std::string(kMask) : masked_text(*variable.value);
  }
  return variable;
}

Result<gen::VariableResponse> read_variable(Call& call, const std::string& key) {
  const auto rows = call.query("SELECT key, value, description FROM variable WHERE key = $1", {key});
  if (rows.empty()) return no_variable(key);
  return variable_from(call, rows[0]);
}

// Text stays as it is; other JSON is stored as its text.
std::string value_text(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : python_json(value);
}

Result<void> create_variable(Call& call, gen::VariableBody& body) {
  auto done = call.api.commands.write([&, now = call.now()](store::Session& session) -> Result<void> {
    session.execute("INSERT INTO variable (key, value, description, updated_at) VALUES ($1, $2, $3, $4)",
                    {body.key, call.api.sealer.seal(value_text(body.value)), body.description, now});
    return {};
  });
  if (!done && done.error().code == ErrorCode::conflict) {
    return fail(ErrorCode::conflict, fmt::format("The Variable with key: `{}` already exists", body.key));
  }
  return done;
}

Result<void> update_variable(Call& call, gen::VariableBody& body, const Mask& mask) {
  auto done = call.api.commands.write([&, now = call.now()](store::Session& session) -> Result<void> {
    const auto rows = session.query("SELECT value FROM variable WHERE key = $1", {body.key});
    if (rows.empty()) return no_variable(body.key);
    if (is_meant(body, mask, "value")) {
      const std::string before = opened(call, body.key, rows[0].text(0)).value_or("");
      session.execute("UPDATE variable SET value = $1, updated_at = $2 WHERE key = $3",
                      {call.api.sealer.seal(unmasked_text(value_text(body.value), before)), now, body.key});
    }
    if (is_meant(body, mask, "description")) {
      session.execute("UPDATE variable SET description = $1, updated_at = $2 WHERE key = $3",
                      {body.description, now, body.key});
    }
    return {};
  });
  return done;
}

Result<void> remove_variable(Call& call, const std::string& key) {
  auto done = call.api.commands.write([&](store::Session& session) -> Result<void> {
    if (session.execute("DELETE FROM variable WHERE key = $1", {key}) == 0) return no_variable(key);
    return {};
  });
  return done;
}

Result<Answer> answer_with_variable(Call& call, const std::string& key, int status) {
  const auto variable = read_variable(call, key);
  if (!variable) return std::unexpected(variable.error());
  return ok(*variable, status);
}

Result<Answer> get_variables(Call& call, const gen::GetVariablesParams& params) {
  Select select("key, value, description", "variable");
  select.pattern("key", params.variable_key_pattern).prefix("key", params.variable_key_prefix_pattern);
  static constexpr OrderKey kVariableOrder[] = {
      {"id", "id"},           {"key", "key"},    {"description", "description"},
      {"is_encrypted", "id"}, {"_val", "value"}, {"team_name", "id"}};
  if (auto ordered = select.order(params.order_by, kVariableOrder, "id"); !ordered)
    return std::unexpected(ordered.error());
  gen::VariableCollectionResponse list;
  list.total_entries = select.count(call.db());
  for (const store::Row row : select.page(params.limit, params.offset).rows(call.db())) {
    list.variables.push_back(variable_from(call, row));
  }
  return ok(list);
}

Result<Answer> get_variable(Call& call, const gen::GetVariableParams& params) {
  return answer_with_variable(call, params.variable_key, 200);
}

Result<Answer> post_variable(Call& call, const gen::PostVariableParams&, gen::VariableBody& body) {
  if (auto done = create_variable(call, body); !done) return std::unexpected(done.error());
  return answer_with_variable(call, body.key, 201);
}

Result<Answer> patch_variable(Call& call, const gen::PatchVariableParams& params, gen::VariableBody& body) {
  if (body.key != params.variable_key) {
    return fail(ErrorCode::invalid, "Invalid body, key from request body doesn't match uri parameter");
  }
  if (auto done = update_variable(call, body, params.update_mask); !done)
    return std::unexpected(done.error());
  return answer_with_variable(call, body.key, 200);
}

Result<Answer> delete_variable(Call& call, const gen::DeleteVariableParams& params) {
  if (auto done = remove_variable(call, params.variable_key); !done) return std::unexpected(done.error());
  return no_content();
}

Result<Answer> bulk_variables(Call& call, const gen::BulkVariablesParams&,
                              gen::BulkBody_VariableBody_& body) {
  const BulkHandlers<gen::VariableBody> handlers{
      "variables with these keys",
      [&](const std::string& key) {
        return !call.query("SELECT 1 FROM variable WHERE key = $1", {key}).empty();
      },
      [](const auto& variable) { return variable.key; },
      [&](auto& variable) { return create_variable(call, variable); },
      [&](auto& variable, const Mask& mask) { return update_variable(call, variable, mask); },
      [&](const std::string& key) { return remove_variable(call, key); }};
  return run_bulk<gen::VariableBody, gen::BulkCreateAction_VariableBody_, gen::BulkUpdateAction_VariableBody_,
                  gen::BulkDeleteAction_VariableBody_>(body, handlers);
}

}  // namespace

void bind_variables(Registry& registry) {
  registry.bind<op::get_variables>(get_variables);
  registry.bind<op::get_variable>(get_variable);
  registry.bind<op::post_variable>(post_variable);
  registry.bind<op::patch_variable>(patch_variable);
  registry.bind<op::delete_variable>(delete_variable);
  registry.bind<op::bulk_variables>(bulk_variables);
}

}  // namespace leoflow::api
