#include "api/execution/checks.hpp"

#include <fmt/format.h>

#include "api/wire/body_reader.hpp"
#include "base/ids.hpp"
#include "base/time_text.hpp"

namespace leoflow::api::execution {
namespace {

using wire::Location;
using wire::Problems;

/// Reads by one of the rules that the REST API is checked with.
template <typename T, typename Rule>
T checked(const json::value& in, const Rule& rule, const Location& where, Problems& problems) {
  T out{};
  wire::read_value(in, out, rule, where, problems);
  return out;
}

template <typename One>
json::value list_of(const json::value& in, std::size_t least, const Location& where, Problems& problems,
                    const One& one) {
  json::array out;
  if (!wire::check_list(in, least, where, problems)) return out;
  std::int64_t index = 0;
  for (const json::value& item : in.get_array()) out.push_back(one(item, Location(where, index++), problems));
  return out;
}

/// Whole bounds, inclusive.
json::value integer_between(const json::value& in, std::int64_t least, std::int64_t most,
                            const Location& where, Problems& problems) {
  const auto value = checked<std::int64_t>(in, wire::Integer{.minimum = least}, where, problems);
  if (value > most) {
    problems.add(where, "less_than_equal", fmt::format("Input should be less than or equal to {}", most), in,
                 {{"le", most}});
  }
  return value;
}

json::value asset_profile(const json::value& in, const Location& where, Problems& problems) {
  std::vector<std::string_view> fields_set;
  wire::ObjectReader reader(in, where, problems, "AssetProfile", fields_set);
  std::optional<std::string> name;
  std::optional<std::string> uri;
  std::string type;
  reader.optional("name", name, wire::OrNull{wire::Text{}});
  reader.optional("uri", uri, wire::OrNull{wire::Text{}});
  reader.required("type", type, wire::Text{});
  reader.forbid_others();
  json::object out{{"type", type}};
  if (name) out["name"] = *name;
  if (uri) out["uri"] = *uri;
  return out;
}

json::value user(const json::value& in, const Location& where, Problems& problems) {
  std::vector<std::string_view> fields_set;
  wire::ObjectReader reader(in, where, problems, "HITLUser", fields_set);
  std::string id;
  std::string name;
  reader.required("id", id, wire::Text{});
  reader.required("name", name, wire::Text{});
  return json::object{{"id", id}, {"name", name}};
}

json::value task_name(const json::value& in, const Location& where, Problems& problems) {
  if (!in.is_array()) return text(in, Location(where, "str"), problems);
  const Location inside(where, "tuple[str,int]");
  const json::array& pair = in.get_array();
  if (pair.size() != 2) {
    problems.add(inside, "missing", "Field required", in);
    return nullptr;
  }
  return json::array{text(pair[0], Location(inside, std::int64_t{0}), problems),
                     integer(pair[1], Location(inside, std::int64_t{1}), problems)};
}

}  // namespace

json::value text(const json::value& in, const Location& where, Problems& problems) {
  return json::value(checked<std::string>(in, wire::Text{}, where, problems));
}
json::value filled_text(const json::value& in, const Location& where, Problems& problems) {
  return json::value(checked<std::string>(in, wire::Text{.min_length = 1}, where, problems));
}
json::value integer(const json::value& in, const Location& where, Problems& problems) {
  return checked<std::int64_t>(in, wire::Integer{}, where, problems);
}
json::value number(const json::value& in, const Location& where, Problems& problems) {
  return checked<double>(in, wire::Number{}, where, problems);
}
json::value boolean(const json::value& in, const Location& where, Problems& problems) {
  return checked<bool>(in, wire::Boolean{}, where, problems);
}
json::value moment(const json::value& in, const Location& where, Problems& problems) {
  return json::value(to_iso_z(checked<Time>(in, wire::Instant{}, where, problems)));
}

json::value duration(const json::value& in, const Location& where, Problems& problems) {
  if (in.is_number()) return json::value(fmt::format("PT{:.6f}S", in.to_number<double>()));
  if (in.is_string() && parse_iso_duration(in.get_string())) return in;
  problems.add(where, "time_delta_parsing", "Input should be a valid timedelta", in);
  return nullptr;
}

json::value uuid(const json::value& in, const Location& where, Problems& problems) {
  if (!in.is_string() || !Uuid::parse(in.get_string())) {
    problems.add(where, "uuid_parsing", "Input should be a valid UUID", in);
  }
  return in;
}

json::value object(const json::value& in, const Location& where, Problems& problems) {
  return checked<json::value>(in, wire::Object{}, where, problems);
}
json::value object_or_text(const json::value& in, const Location& where, Problems& problems) {
  return in.is_string() ? in : object(in, where, problems);
}
json::value anything(const json::value& in, const Location&, Problems&) {
  return in;
}

json::value not_null(const json::value& in, const Location& where, Problems& problems) {
  if (in.is_null()) {
    problems.add(where, "value_error", "Value error, value cannot be null", in, {{"error", json::object()}});
  }
  return in;
}

json::value texts(const json::value& in, const Location& where, Problems& problems) {
  return list_of(in, 0, where, problems, text);
}
json::value filled_texts(const json::value& in, const Location& where, Problems& problems) {
  return list_of(in, 1, where, problems, text);
}
json::value moments(const json::value& in, const Location& where, Problems& problems) {
  return list_of(in, 0, where, problems, moment);
}
json::value objects(const json::value& in, const Location& where, Problems& problems) {
  return list_of(in, 0, where, problems, object);
}
json::value asset_profiles(const json::value& in, const Location& where, Problems& problems) {
  return list_of(in, 0, where, problems, asset_profile);
}
json::value task_names(const json::value& in, const Location& where, Problems& problems) {
  return list_of(in, 0, where, problems, task_name);
}
json::value users(const json::value& in, const Location& where, Problems& problems) {
  return list_of(in, 0, where, problems, user);
}

json::value page_size(const json::value& in, const Location& where, Problems& problems) {
  return integer_between(in, 1, 10'000, where, problems);
}
json::value page_start(const json::value& in, const Location& where, Problems& problems) {
  return checked<std::int64_t>(in, wire::Integer{.minimum = 0}, where, problems);
}

json::value running(const json::value& in, const Location& where, Problems& problems) {
  return json::value(checked<std::string>(in, wire::OneOf{{"running"}, true}, where, problems));
}
json::value run_state(const json::value& in, const Location& where, Problems& problems) {
  return json::value(checked<std::string>(in, wire::OneOf{{"queued", "running", "success", "failed"}, false},
                                          where, problems));
}
json::value task_state(const json::value& in, const Location& where, Problems& problems) {
  return json::value(checked<std::string>(
      in,
      wire::OneOf{
          {"removed", "scheduled", "queued", "running", "success", "restarting", "failed", "up_for_retry",
           "up_for_reschedule", "upstream_failed", "skipped", "deferred", "awaiting_input"},
          false},
      where, problems));
}
json::value target_state(const json::value& in, const Location& where, Problems& problems) {
  return json::value(checked<std::string>(in,
                                          wire::OneOf{{"scheduled", "queued", "restarting", "up_for_retry",
                                                       "up_for_reschedule", "deferred", "awaiting_input"},
                                                      false},
                                          where, problems));
}

}  // namespace leoflow::api::execution
