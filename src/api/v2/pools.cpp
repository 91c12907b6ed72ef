#include <algorithm>
#include <fmt/core.h>
#include <map>

#include "api/core/bulk.hpp"
#include "api/core/select.hpp"
#include "api/core/state_filters.hpp"
#include "api/resources.hpp"
#include "base/text.hpp"

namespace leoflow::api {

namespace {

using Mask = std::optional<std::vector<std::string>>;

constexpr std::string_view kDefaultPool = "default_pool";

std::unexpected<Error> no_pool(const std::string& name) {
  return fail(ErrorCode::not_found, fmt::format("The Pool with name: `{}` was not found", name));
}

bool is_pool(store::Session& session, const std::string& name) {
  return !session.query("SELECT 1 FROM pool WHERE name = $1", {name}).empty();
}

struct Usage {
  std::map<std::string, std::int64_t> slots_by_state;
};

// One pass over the active task instances, for all pools.
std::map<std::string, Usage> read_usage(Call& call) {
  std::map<std::string, Usage> usage;
  for (const store::Row row : call.query(
           fmt::format("SELECT t.pool, t.state, CAST(SUM(t.pool_slots) AS BIGINT) FROM task_instance t "
                       "WHERE {} GROUP BY t.pool, t.state",
                       kIsUnfinished))) {
    usage[row.text(0)].slots_by_state[row.find_text(1).value_or("")] = row.integer(2);
  }
  return usage;
}

gen::PoolResponse pool_from(store::Row row, const std::map<std::string, Usage>& usage) {
  gen::PoolResponse pool;
  store::Reader(row) >> pool.name >> pool.slots >> pool.description >> pool.include_deferred;
  if (const auto found = usage.find(pool.name); found != usage.end()) {
    const auto slots = [&](const std::string& state) {
      const auto count = found->second.slots_by_state.find(state);
      return count == found->second.slots_by_state.end() ? 0 : count->second;
    };
    pool.running_slots = slots("running");
    pool.queued_slots = slots("queued");
    pool.scheduled_slots = slots("scheduled");
    pool.deferred_slots = slots("deferred");
  }
  pool.occupied_slots = pool.running_slots + pool.queued_slots;
  if (pool.include_deferred) pool.occupied_slots += pool.deferred_slots;
  pool.open_slots = pool.slots == -1 ? -1 : pool.slots - pool.occupied_slots;
  return pool;
}

Result<Answer> answer_with_pool(Call& call, const std::string& name, int status) {
  const auto rows =
      call.query("SELECT name, slots, description, include_deferred FROM pool WHERE name = $1", {name});
  if (rows.empty()) return no_pool(name);
  return ok(pool_from(rows[0], read_usage(call)), status);
}

Result<void> create_pool(Call& call, gen::PoolBody& body) {
  auto done = call.api.commands.write([&](store::Session& session) -> Result<void> {
    session.execute("INSERT INTO pool (name, slots, description, include_deferred) VALUES ($1, $2, $3, $4)",
                    {body.name, body.slots, body.description, body.include_deferred});
    return {};
  });
  if (!done && done.error().code == ErrorCode::conflict) {
    return fail(ErrorCode::conflict, fmt::format("The Pool with name: `{}` already exists", body.name));
  }
  return done;
}

// The fields of a change; absent ones stay.
struct PoolChange {
  std::optional<std::int64_t> slots;
  std::optional<std::optional<std::string>> description;
  std::optional<bool> include_deferred;
};

Result<void> update_pool(Call& call, const std::string& name, const PoolChange& fields) {
  return call.api.commands.write([&](store::Session& session) -> Result<void> {
    if (!is_pool(session, name)) return no_pool(name);
    if (fields.slots) session.execute("UPDATE pool SET slots = $1 WHERE name = $2", {*fields.slots, name});
    if (fields.description) {
      session.execute("UPDATE pool SET description = $1 WHERE name = $2", {*fields.description, name});
    }
    if (fields.include_deferred) {
      session.execute("UPDATE pool SET include_deferred = $1 WHERE name = $2",
                      {*fields.include_deferred, name});
    }
    return {};
  });
}

Result<void> remove_pool(Call& call, const std::string& name) {
  if (name == kDefaultPool) return fail(ErrorCode::invalid, "Default Pool can't be deleted");
  return call.api.commands.write([&](store::Session& session) -> Result<void> {
    if (session.execute("DELETE FROM pool WHERE name = $1", {name}) == 0) return no_pool(name);
    return {};
  });
}

Result<Answer> get_pools(Call& call, const gen::GetPoolsParams& params) {
  Select select("name, slots, description, include_deferred", "pool");
  select.pattern("name", params.pool_name_pattern).prefix("name", params.pool_name_prefix_pattern);
  static constexpr OrderKey kPoolOrder[] = {
      {"id", "id"}, {"name", "name"}, {"pool", "name"}, {"slots", "slots"}};
  if (auto ordered = select.order(params.order_by, kPoolOrder, "id"); !ordered)
    return std::unexpected(ordered.error());
  gen::PoolCollectionResponse list;
  list.total_entries = select.count(call.db());
  const auto usage = read_usage(call);
  for (const store::Row row : select.page(params.limit, params.offset).rows(call.db())) {
    list.pools.push_back(pool_from(row, usage));
  }
  return ok(list);
}

Result<Answer> get_pool(Call& call, const gen::GetPoolParams& params) {
  return answer_with_pool(call, params.pool_name, 200);
}

Result<Answer> post_pool(Call& call, const gen::PostPoolParams&, gen::PoolBody& body) {
  const auto done = create_pool(call, body);
  if (!done && done.error().code == ErrorCode::conflict) return unique_violation(done.error().message);
  if (!done) return std::unexpected(done.error());
  call.api.commands.pools_changed();
  return answer_with_pool(call, body.name, 201);
}

bool is_mask_of_default_pool(const Mask& mask) {
  return mask && std::ranges::all_of(*mask, [](std::string_view name) {
           return trim(name) == "slots" || trim(name) == "include_deferred";
         });
}

/// As in Airflow a change names all that a pool has to have, whatever its mask says of them.
wire::Problems missing_in(const json::object& sent) {
  struct Needed {
    std::string_view name, type, message;
  };
  static constexpr Needed kNeeded[] = {{"pool", "string_type", "Input should be a valid string"},
                                       {"slots", "int_type", "Input should be a valid integer"},
                                       {"include_deferred", "bool_type", "Input should be a valid boolean"}};
  wire::Problems problems;
  for (const Needed& needed : kNeeded) {
    const json::value* value = sent.if_contains(needed.name);
    if (value == nullptr) problems.add(wire::Location(needed.name), "missing", "Field required", sent);
    if (value != nullptr && value->is_null())
      problems.add(wire::Location(needed.name), needed.type, needed.message, nullptr);
  }
  return problems;
}

Result<Answer> patch_pool(Call& call, const gen::PatchPoolParams& params, gen::PoolPatchBody& body) {
  if (body.pool && !body.pool->empty() && *body.pool != params.pool_name) {
    return fail(ErrorCode::invalid, "Invalid body, pool name from request body doesn't match uri parameter");
  }
  if (!is_pool(call.db(), params.pool_name)) return no_pool(params.pool_name);
  if (params.pool_name != kDefaultPool) {
    const auto problems = missing_in(parse_json(call.request.body).value().get_object());
    if (!problems.empty()) return unprocessable(problems);
  } else if (!is_mask_of_default_pool(params.update_mask)) {
    return fail(ErrorCode::invalid, "Only slots and included_deferred can be modified on Default Pool");
  }
  PoolChange fields;
  if (is_meant(body, params.update_mask, "slots")) fields.slots = body.slots;
  if (is_meant(body, params.update_mask, "description")) fields.description = body.description;
  if (is_meant(body, params.update_mask, "include_deferred")) fields.include_deferred = body.include_deferred;
  if (auto done = update_pool(call, params.pool_name, fields); !done) return std::unexpected(done.error());
  call.api.commands.pools_changed();
  return answer_with_pool(call, params.pool_name, 200);
}

Result<Answer> delete_pool(Call& call, const gen::DeletePoolParams& params) {
  if (auto done = remove_pool(call, params.pool_name); !done) return std::unexpected(done.error());
  call.api.commands.pools_changed();
  return no_content();
}

/// Says so at its end, also when the request breaks off.
struct PoolsMayChange {
  Call& call;
  ~PoolsMayChange() { call.api.commands.pools_changed(); }
};

Result<Answer> bulk_pools(Call& call, const gen::BulkPoolsParams&, gen::BulkBody_PoolBody_& body) {
  const BulkHandlers<gen::PoolBody> handlers{
      "pools with these pool names",
      [&](const std::string& key) { return is_pool(call.db(), key); },
      [](const auto& pool) { return pool.name; },
      [&](auto& pool) { return create_pool(call, pool); },
      [&](auto& pool, const Mask& mask) {
        PoolChange fields;
        if (is_meant(pool, mask, "slots")) fields.slots = pool.slots;
        if (is_meant(pool, mask, "description")) fields.description = pool.description;
        if (is_meant(pool, mask, "include_deferred")) fields.include_deferred = pool.include_deferred;
        return update_pool(call, pool.name, fields);
      },
      [&](const std::string& name) { return remove_pool(call, name); }};
  const PoolsMayChange announced{call};  // which has them all read, so once
  return run_bulk<gen::PoolBody, gen::BulkCreateAction_PoolBody_, gen::BulkUpdateAction_PoolBody_,
                  gen::BulkDeleteAction_PoolBody_>(body, handlers);
}

}  // namespace

void bind_pools(Registry& registry) {
  registry.bind<op::get_pools>(get_pools);
  registry.bind<op::get_pool>(get_pool);
  registry.bind<op::post_pool>(post_pool);
  registry.bind<op::patch_pool>(patch_pool);
  registry.bind<op::delete_pool>(delete_pool);
  registry.bind<op::bulk_pools>(bulk_pools);
}

}  // namespace leoflow::api
