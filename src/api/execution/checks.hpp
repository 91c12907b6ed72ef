#pragma once

#include "api/wire/problems.hpp"
#include "base/json.hpp"

/// What may stand in a field of a request: each check tells the problems in pydantic's words and gives the
/// value as the task service takes it (numbers as numbers, times as text in UTC).
namespace leoflow::api::execution {

using Check = json::value (*)(const json::value& in, const wire::Location& where, wire::Problems& problems);

json::value text(const json::value& in, const wire::Location& where, wire::Problems& problems);
json::value filled_text(const json::value& in, const wire::Location& where, wire::Problems& problems);
json::value integer(const json::value& in, const wire::Location& where, wire::Problems& problems);
json::value number(const json::value& in, const wire::Location& where, wire::Problems& problems);
json::value boolean(const json::value& in, const wire::Location& where, wire::Problems& problems);
json::value moment(const json::value& in, const wire::Location& where, wire::Problems& problems);
/// ISO 8601, or seconds.
json::value duration(const json::value& in, const wire::Location& where, wire::Problems& problems);
json::value uuid(const json::value& in, const wire::Location& where, wire::Problems& problems);
json::value object(const json::value& in, const wire::Location& where, wire::Problems& problems);
json::value object_or_text(const json::value& in, const wire::Location& where, wire::Problems& problems);
json::value anything(const json::value& in, const wire::Location& where, wire::Problems& problems);
/// Of a state store.
json::value not_null(const json::value& in, const wire::Location& where, wire::Problems& problems);
json::value texts(const json::value& in, const wire::Location& where, wire::Problems& problems);
json::value filled_texts(const json::value& in, const wire::Location& where, wire::Problems& problems);
json::value moments(const json::value& in, const wire::Location& where, wire::Problems& problems);
json::value objects(const json::value& in, const wire::Location& where, wire::Problems& problems);
/// Assets and what refers to them, each {type, name, uri}.
json::value asset_profiles(const json::value& in, const wire::Location& where, wire::Problems& problems);
/// Task ids, or [task id, map index].
json::value task_names(const json::value& in, const wire::Location& where, wire::Problems& problems);
/// Each {id, name}.
json::value users(const json::value& in, const wire::Location& where, wire::Problems& problems);
json::value page_size(const json::value& in, const wire::Location& where, wire::Problems& problems);
json::value page_start(const json::value& in, const wire::Location& where, wire::Problems& problems);
json::value running(const json::value& in, const wire::Location& where, wire::Problems& problems);
json::value run_state(const json::value& in, const wire::Location& where, wire::Problems& problems);
json::value task_state(const json::value& in, const wire::Location& where, wire::Problems& problems);
json::value target_state(const json::value& in, const wire::Location& where, wire::Problems& problems);

template <Check check>
json::value or_null(const json::value& in, const wire::Location& where, wire::Problems& problems) {
  return in.is_null() ? json::value(nullptr) : check(in, where, problems);
}

}  // namespace leoflow::api::execution
