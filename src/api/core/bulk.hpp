#pragma once

#include <fmt/format.h>
#include <string>
#include <variant>
#include <vector>

#include "api/core/python_text.hpp"
#include "api/core/task_set.hpp"

namespace leoflow::api {

/// How a resource with a single key takes part in a bulk request.
template <typename Body>
struct BulkHandlers {
  std::string_view named;  ///< as errors speak of several: "pools with these pool names"
  std::function<std::string(const Body&)> key;
  std::function<bool(const std::string& key)> exists;
  std::function<Result<void>(Body&)> create;
  std::function<Result<void>(Body&, const std::optional<std::vector<std::string>>& mask)> update;
  std::function<Result<void>(const std::string& key)> remove;
};

/// Whether an action that is to fail over what is there (or is not) does so: then it changes nothing, and
/// says so.
template <typename Body>
bool is_refused(gen::BulkActionResponse& result, const BulkHandlers<Body>& handlers,
                const std::vector<std::string>& keys, bool if_there) {
  std::string wrong;
  for (const std::string& key : keys) {
    if (handlers.exists(key) == if_there) wrong += (wrong.empty() ? "" : ", ") + python_repr(key);
  }
  if (wrong.empty()) return false;
  const std::string_view what = if_there ? "already exist" : "were not found";
  result.errors.push_back(
      json::object{{"error", fmt::format("The {}: {{{}}} {}.", handlers.named, wrong, what)},
                   {"status_code", if_there ? 409 : 404}});
  return true;
}

/// Runs the actions one entity after the other and reports each; an error of one
/// does not stop the others.
template <typename Body, typename Create, typename Update, typename Delete, typename Request>
gen::BulkResponse run_bulk(Request& request, const BulkHandlers<Body>& handlers) {
  const auto keys_of_entities = [&](const std::vector<Body>& entities) {
    std::vector<std::string> keys;
    for (const Body& entity : entities) keys.push_back(handlers.key(entity));
    return keys;
  };
  gen::BulkResponse response;
  for (auto& action : request.actions) {
    if (auto* create = std::get_if<Create>(&action)) {
      auto& result = response.create ? *response.create : response.create.emplace();
      const bool may_refuse = create->action_on_existence == "fail";
      if (may_refuse && is_refused(result, handlers, keys_of_entities(create->entities), true)) continue;
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
      const bool may_refuse = update->action_on_non_existence == "fail";
      if (may_refuse && is_refused(result, handlers, keys_of_entities(update->entities), false)) continue;
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
      if (removal->action_on_non_existence == "fail" && is_refused(result, handlers, keys, false)) continue;
      for (const std::string& key : keys) {
        report(result, key, handlers.remove(key), removal->action_on_non_existence == "skip");
      }
    }
  }
  return response;
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
