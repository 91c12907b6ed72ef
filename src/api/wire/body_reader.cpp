#include "api/wire/body_reader.hpp"

#include <fmt/core.h>

namespace leoflow::api::wire {

bool says(const json::value& in, std::string_view field, std::string_view content) {
  const json::value* value = find(in, field);
  return value != nullptr && value->is_string() && std::string_view(value->get_string()) == content;
}

ObjectReader::ObjectReader(const json::value& in, const Location& where, Problems& problems,
                           std::string_view model, std::vector<std::string_view>& fields_set)
    : in_(in), where_(where), problems_(problems), fields_set_(fields_set) {
  if (in.is_object()) return;
  if (where.parent == nullptr) {  // the body itself: FastAPI validates it with from_attributes
    problems.add(where, "model_attributes_type",
                 "Input should be a valid dictionary or object to extract fields from", in);
  } else {
    problems.add(where, "model_type",
                 fmt::format("Input should be a valid dictionary or instance of {}", model), in,
                 {{"class_name", model}});
  }
}

const json::value* ObjectReader::look_up(std::string_view name, bool required) {
  if (!in_.is_object()) return nullptr;
  const json::value* value = in_.get_object().if_contains(name);
  if (value != nullptr) {
    fields_set_.push_back(name);
  } else if (required) {
    problems_.add(Location(where_, name), "missing", "Field required", in_);
  }
  return value;
}

void ObjectReader::forbid_others() {
  if (!in_.is_object()) return;
  for (const auto& [name, value] : in_.get_object()) {
    const std::string_view key = name;
    if (std::find(fields_set_.begin(), fields_set_.end(), key) == fields_set_.end()) {
      problems_.add(Location(where_, key), "extra_forbidden", "Extra inputs are not permitted", value);
    }
  }
  // There are no teams. Airflow looks at this once the rest is right.
  const json::value* team = in_.get_object().if_contains("team_name");
  if (team == nullptr || team->is_null() || !problems_.empty()) return;
  problems_.add(where_, "value_error",
                "Value error, team_name cannot be set when multi_team mode is disabled. "
                "Please contact your administrator.",
                in_, {{"error", json::object{}}});
}

}  // namespace leoflow::api::wire
