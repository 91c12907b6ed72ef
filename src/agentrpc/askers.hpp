#pragma once

#include <optional>
#include <string>
#include <string_view>

/// Who asks in an SdkRequest, beside attempts and files, which have ids of their own.
namespace leoflow::agentrpc {

inline constexpr std::string_view kOfTrigger = "trigger:";

/// Of a trigger, in its own name.
inline std::string asker_of_trigger(const std::string& trigger_id) {
  return std::string(kOfTrigger) + trigger_id;
}

/// The id of the trigger that asks; nothing if it is none.
inline std::optional<std::string> trigger_of(const std::string& asker) {
  return asker.starts_with(kOfTrigger) ? std::optional(asker.substr(kOfTrigger.size())) : std::nullopt;
}

}  // namespace leoflow::agentrpc
