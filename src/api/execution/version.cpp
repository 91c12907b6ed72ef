#include "api/execution/version.hpp"

#include "api/execution/old_kwargs.hpp"

namespace leoflow::api::execution {
namespace {

/// A field that came with a version, and where it stands.
struct NewField {
  Version since;
  Answered kind;
  std::string_view name;
};

// A run is alone in an answer, or part of a task's context.
constexpr NewField kNewFields[] = {
    {Version::v2026_06_30, Answered::dag_run, "team_name"},
    {Version::v2026_06_30, Answered::dag_run, "partition_date"},
    {Version::v2026_04_06, Answered::dag_run, "partition_key"},
    {Version::v2026_04_06, Answered::dag_run, "note"},
    {Version::v2026_04_06, Answered::run_context, "start_date"},
    {Version::v2026_04_06, Answered::asset_events, "partition_key"},
    {Version::v2025_11_05, Answered::dag_run, "triggering_user_name"},
    {Version::v2025_08_10, Answered::dag_run, "state"},
};

void remove_new_fields(json::object& in, Answered kind, Version version) {
  for (const NewField& field : kNewFields) {
    if (field.kind == kind && version < field.since) in.erase(field.name);
  }
}

/// Each object of a list in `in`.
template <typename Change>
void for_each_in(json::object& in, std::string_view name, const Change& change) {
  json::value* list = in.if_contains(name);
  if (list == nullptr || !list->is_array()) return;
  for (json::value& item : list->get_array()) {
    if (item.is_object()) change(item.get_object());
  }
}

bool is_null_in(const json::object& in, std::string_view name) {
  const json::value* value = in.if_contains(name);
  return value == nullptr || value->is_null();
}

void downgrade_run(json::object& run, Version version) {
  if (version < Version::v2026_04_06 && is_null_in(run, "start_date")) run["start_date"] = run["run_after"];
  if (version < Version::v2025_10_27 && is_null_in(run, "conf")) run["conf"] = json::object();
  if (version < Version::v2026_06_30) {
    for_each_in(run, "consumed_asset_events", [](json::object& event) { event.erase("partition_key"); });
  }
  remove_new_fields(run, Answered::dag_run, version);
}

void downgrade_context(json::object& context, Version version) {
  if (json::value* run = context.if_contains("dag_run"); run != nullptr && run->is_object()) {
    downgrade_run(run->get_object(), version);
  }
  if (version < Version::v2026_04_06) {
    context["upstream_map_indexes"] = nullptr;
    if (!is_null_in(context, "next_kwargs")) context["next_kwargs"] = to_old_kwargs(context["next_kwargs"]);
  }
  remove_new_fields(context, Answered::run_context, version);
}

}  // namespace

std::optional<Version> version_of(std::string_view day) {
  std::optional<Version> found;
  for (std::size_t i = 0; i < kVersionNames.size(); ++i) {
    if (kVersionNames[i] <= day) found = static_cast<Version>(i);
  }
  return found;
}

void downgrade(json::value& body, Answered kind, Version version) {
  if (!body.is_object() || version == kNewest) return;
  json::object& in = body.get_object();
  switch (kind) {
    case Answered::plain:
      return;
    case Answered::run_context:
      return downgrade_context(in, version);
    case Answered::dag_run:
      return downgrade_run(in, version);
    case Answered::asset_events:
      for_each_in(in, "asset_events", [version](json::object& event) {
        remove_new_fields(event, Answered::asset_events, version);
        for_each_in(event, "created_dagruns", [version](json::object& run) {
          remove_new_fields(run, Answered::asset_events, version);
        });
      });
      return;
  }
}

}  // namespace leoflow::api::execution
