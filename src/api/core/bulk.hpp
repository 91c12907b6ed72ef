#pragma once

#include <string>
#include <variant>
#include <vector>

#include "api/core/task_set.hpp"

namespace leoflow::api {

/// How a resource with a single key takes part in a bulk request.
template <typename Body>
struct BulkHandlers {
  std::function<std::string(const Body&)> key;
  std::function<Result<void>(Body&)> create;
  std::function<Result<void>(Body&, const std::optional<std::vector<std::string>>& mask)> update;
  std::function<Result<void>(const std::string& key)> remove;
};

/// Runs the actions one entity after the other and reports each; an error of one
/// does not stop the others.
template <typename Body, typename Create, typename Update, typename Delete, typename Request>
gen::BulkResponse run_bulk(Request& request, const BulkHandlers<Body>& handlers) {
  gen::BulkResponse response;
  for (auto& action : request.actions) {
    if (auto* create = std::get_if<Create>(&action)) {
      auto& result = response.create ? *response.create : response.create.emplace();
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
      for (Body& entity : update->entities) {
        report(result, handlers.key(entity), handlers.update(entity, update->update_mask),
               update->action_on_non_existence == "skip");
      }
    } else if (auto* removal = std::get_if<Delete>(&action)) {
      auto& result = response.delete_ ? *response.delete_ : response.delete_.emplace();
      for (const auto& entity : removal->entities) {
        const auto* text = std::get_if<std::string>(&entity);
        const std::string key = text != nullptr ? *text : handlers.key(std::get<Body>(entity));
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
