#include "api/execution/reading.hpp"

#include <algorithm>

namespace leoflow::api::execution {
namespace {

using wire::Location;
using wire::Problems;

std::string_view argument_name(const Field& field) {
  return field.as.empty() ? field.name : field.as;
}

void put(const Field& field, const json::value& value, const Location& where, Asking& asking,
         Problems& problems) {
  asking.arguments[argument_name(field)] = field.check(value, where, problems);
}

void read_path(const wire::RawParams& raw, Asking& asking, Problems& problems) {
  const Location place("path");
  const auto& checked = asking.operation.path;
  for (const auto& [name, text] : raw.path) {
    const auto field = std::ranges::find(checked, std::string_view(name), &Field::name);
    if (field == checked.end()) {
      asking.arguments[name] = text;
    } else {
      put(*field, json::value(text), Location(place, field->name), asking, problems);
    }
  }
}

void read_query(const std::multimap<std::string, std::string>& query, Asking& asking, Problems& problems) {
  const Location place("query");
  for (const Field& field : asking.operation.query) {
    if (asking.version < field.since) continue;
    const Location where(place, field.name);
    const auto [begin, end] = query.equal_range(std::string(field.name));
    if (begin == end) {
      if (field.required) problems.add(where, "missing", "Field required", nullptr);
      if (!field.otherwise.empty()) {
        asking.arguments[argument_name(field)] = parse_json(field.otherwise).value_or(nullptr);
      }
    } else if (field.many) {
      json::array all;
      for (auto at = begin; at != end; ++at) all.emplace_back(at->second);
      put(field, all, where, asking, problems);
    } else {
      put(field, json::value(std::prev(end)->second), where, asking, problems);
    }
  }
}

}  // namespace

void read_parameters(const wire::RawParams& raw, Asking& asking, Problems& problems) {
  read_path(raw, asking, problems);
  read_query(*raw.query, asking, problems);
}

void read_body(const Body& body, const json::value& in, Asking& asking, Problems& problems) {
  const Location root("body");
  const Location tagged(root, body.tag);
  const Location& place = body.tag.empty() ? root : tagged;
  if (!in.is_object()) {
    return problems.add(place, "model_attributes_type",
                        "Input should be a valid dictionary or object to extract fields from", in);
  }
  const json::object& given = in.get_object();
  const auto is_known = [&](const Field& field) { return field.since <= asking.version; };
  for (const Field& field : body.fields) {
    if (!is_known(field)) continue;
    const Location where(place, field.name);
    if (const json::value* value = given.if_contains(field.name)) {
      put(field, *value, where, asking, problems);
    } else if (field.required) {
      problems.add(where, "missing", "Field required", in);
    }
  }
  if (body.may_have_others) return;
  for (const auto& [name, value] : given) {
    const auto field = std::ranges::find(body.fields, std::string_view(name), &Field::name);
    if (field == body.fields.end() || !is_known(*field)) {
      problems.add(Location(place, name), "extra_forbidden", "Extra inputs are not permitted", value);
    }
  }
}

http::Response refuse(const Problems& problems) {
  return answer_json(422, json::object{{"detail", problems.list()}});
}

}  // namespace leoflow::api::execution
