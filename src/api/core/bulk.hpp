#pragma once

#include <algorithm>
#include <fmt/core.h>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/core/python_text.hpp"
#include "api/core/task_set.hpp"

namespace leoflow::api {

/// Entities are written one after the other, each durable before the next, so that scheduling goes on between
/// them: more would keep a worker of the server for too long.
inline constexpr std::size_t kMostInBulk = 10'000;

/// Errors: unprocessable, of more than a bulk request may have.
/// @param things  "entities"
inline Result<void> check_bulk_size(std::size_t count, std::string_view things) {
  if (count <= kMostInBulk) return {};
  return fail(ErrorCode::unprocessable,
              fmt::format("A bulk request may change {0} {1}, and this one names {2}: send several requests",
                          kMostInBulk, things, count));
}

/// Likewise, of a whole request.
template <typename Request>
Result<void> check_bulk(const Request& request) {
  std::size_t count = 0;
  for (const auto& action : request.actions) {
    count += std::visit([](const auto& known) { return known.entities.size(); }, action);
  }
  return check_bulk_size(count, "entities");
}

/// How a resource with a single key takes part in a bulk request.
template <typename Body>
struct BulkHandlers {
  std::string_view plural;  ///< as Airflow's errors have it: "pools with these pool names"
  std::function<bool(const std::string& key)> exists;
  std::function<std::string(const Body&)> key;
  std::function<Result<void>(Body&)> create;
  std::function<Result<void>(Body&, const std::optional<std::vector<std::string>>& mask)> update;
  std::function<Result<void>(const std::string& key)> remove;
};

/// Those of the keys that exist, or those that do not.
template <typename Body>
std::vector<std::string> those(const BulkHandlers<Body>& handlers, const std::vector<std::string>& keys,
                               bool exist) {
  std::vector<std::string> found;
  std::ranges::copy_if(keys, std::back_inserter(found),
                       [&](const std::string& key) { return handlers.exists(key) == exist; });
  return found;
}

/// Whether an action does nothing because of these keys; says so in its result.
template <typename Body>
bool refuses(gen::BulkActionResponse& result, const BulkHandlers<Body>& handlers,
             const std::vector<std::string>& keys, ErrorCode code) {
  if (keys.empty()) return false;
  std::string listed;
  for (const std::string& key : keys) listed += (listed.empty() ? "" : ", ") + python_repr(key);
  const std::string_view what = code == ErrorCode::conflict ? "already exist" : "were not found";
  report(result, "", fail(code, fmt::format("The {}: {{{}}} {}.", handlers.plural, listed, what)), false);
  return true;
}

template <typename Body>
std::vector<std::string> keys_of(const BulkHandlers<Body>& handlers, const std::vector<Body>& entities) {
  std::vector<std::string> keys;
  for (const Body& entity : entities) keys.push_back(handlers.key(entity));
  return keys;
}

/// Runs the actions. One that is to fail if something is there, or is not, does nothing then; else an error
/// of one entity does not stop the others.
/// Errors: as check_bulk.
template <typename Body, typename Create, typename Update, typename Delete, typename Request>
Result<Answer> run_bulk(Request& request, const BulkHandlers<Body>& handlers) {
  if (auto fits = check_bulk(request); !fits) return std::unexpected(fits.error());
  gen::BulkResponse response;
  for (auto& action : request.actions) {
    if (auto* create = std::get_if<Create>(&action)) {
      auto& result = response.create ? *response.create : response.create.emplace();
      const auto keys = keys_of(handlers, create->entities);
      if (create->action_on_existence == "fail" &&
          refuses(result, handlers, those(handlers, keys, true), ErrorCode::conflict))
        continue;
      for (Body& entity : create->entities) {
        Result<void> done = handlers.create(entity);
        const bool exists = !done && done.error().code == ErrorCode::conflict;
        if (exists && create->action_on_existence == "skip") continue;
        if (exists && create->action_on_existence == "overwrite")
          done = handlers.update(entity, std::nullopt);
        report(result, handlers.key(entity), done, false);
      }
    } else if (auto* update = std::get_if<Update>(&action)) {
      auto& result = response.update ? *response.update : response.update.emplace();
      const auto keys = keys_of(handlers, update->entities);
      if (update->action_on_non_existence == "fail" &&
          refuses(result, handlers, those(handlers, keys, false), ErrorCode::not_found))
        continue;
      for (Body& entity : update->entities) {
        report(result, handlers.key(entity), handlers.update(entity, update->update_mask),
               update->action_on_non_existence == "skip");
      }
    } else if (auto* removal = std::get_if<Delete>(&action)) {
      auto& result = response.delete_ ? *response.delete_ : response.delete_.emplace();
      std::vector<std::string> keys;
      for (const auto& entity : removal->entities) {
        const auto* text = std::get_if<std::string>(&entity);
        keys.push_back(text != nullptr ? *text : handlers.key(std::get<Body>(entity)));
      }
      if (removal->action_on_non_existence == "fail" &&
          refuses(result, handlers, those(handlers, keys, false), ErrorCode::not_found))
        continue;
      for (const std::string& key : keys) {
        report(result, key, handlers.remove(key), removal->action_on_non_existence == "skip");
      }
    }
  }
  return ok(response);
}

/// Whether a PATCH means this field: sent, and not left out by the mask.
template <typename Body>
bool is_meant(const Body& body, const std::optional<std::vector<std::string>>& mask, std::string_view field) {
  if (mask && !mask->empty()) {
    for (const std::string& name : *mask) {
      if (name == field) return true;
    }
    return false;
  }
  return body.has(field);
}

}  // namespace leoflow::api
