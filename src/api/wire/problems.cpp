#include "api/wire/problems.hpp"

#include <algorithm>

namespace leoflow::api::wire {

json::array Location::path() const {
  json::array steps;
  for (const Location* step = this; step != nullptr; step = step->parent) {
    if (step->index >= 0) {
      steps.emplace_back(step->index);
    } else {
      steps.emplace_back(step->name);
    }
  }
  std::reverse(steps.begin(), steps.end());
  return steps;
}

void Problems::add(const Location& where, std::string_view type, std::string_view message,
                   const json::value& input, json::object context) {
  json::object problem;
  problem["type"] = type;
  problem["loc"] = where.path();
  problem["msg"] = message;
  problem["input"] = input;
  if (!context.empty()) problem["ctx"] = std::move(context);
  list_.emplace_back(std::move(problem));
}

void Problems::append(const Problems& others) {
  list_.insert(list_.end(), others.list_.begin(), others.list_.end());
}

}  // namespace leoflow::api::wire
