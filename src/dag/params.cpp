// Without it a bad schema ends the process.
#define VALIJSON_USE_EXCEPTIONS 1

#include "dag/params.hpp"

#include <cmath>
#include <fmt/format.h>
#include <valijson/adapters/boost_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "dag/encoded.hpp"

namespace leoflow::dag {
namespace {

/// 3.0 is an integer in JSON Schema; for the validator only 3 is.
json::value with_whole_numbers(const json::value& in) {
  if (in.is_double()) {
    const double number = in.get_double();
    const bool is_whole = std::trunc(number) == number && std::abs(number) < 9e15;
    return is_whole ? json::value(static_cast<std::int64_t>(number)) : in;
  }
  if (in.is_array()) {
    json::array out;
    for (const json::value& item : in.get_array()) out.push_back(with_whole_numbers(item));
    return out;
  }
  if (!in.is_object()) return in;
  json::object out;
  for (const auto& [key, value] : in.get_object()) out[key] = with_whole_numbers(value);
  return out;
}

/// "12:30:00": what Python's jsonschema takes for a time; the validator wants RFC 3339's, with an offset.
bool is_python_time(std::string_view text) {
  const auto part = [&](std::size_t at, char most_tens) {
    return text[at] >= '0' && text[at] <= most_tens && text[at + 1] >= '0' && text[at + 1] <= '9';
  };
  return text.size() == 8 && text[2] == ':' && text[5] == ':' && part(0, '2') && text.substr(0, 2) < "24" &&
         part(3, '5') && part(6, '5');
}

/// What the schema has against the value; "" if nothing.
std::string objection(json::value schema, const json::value& value) {
  if (get_text(schema, "format") == "time") {
    schema.get_object().erase("format");
    if (value.is_string() && !is_python_time(value.get_string())) return "a time is written as HH:MM:SS";
  }
  using Adapter = valijson::adapters::BoostJsonAdapter;
  try {
    valijson::Schema parsed;
    valijson::SchemaParser(valijson::SchemaParser::kDraft7).populateSchema(Adapter(schema), parsed);
    const json::value instance = with_whole_numbers(value);
    valijson::ValidationResults results;
    valijson::Validator validator(valijson::Validator::kStrongTypes);
    if (validator.validate(parsed, Adapter(instance), &results)) return "";
    valijson::ValidationResults::Error error;
    return results.popError(error) ? error.description : "it does not fit the schema";
  } catch (const std::exception& error) {
    return fmt::format("its schema cannot be used: {}", error.what());
  }
}

}  // namespace

Params read_params(const json::value& encoded) {
  Params out;
  if (!encoded.is_array()) return out;
  for (const json::value& pair : encoded.get_array()) {
    if (!pair.is_array() || pair.get_array().size() != 2 || !pair.get_array()[0].is_string()) continue;
    const json::value& fields = pair.get_array()[1];
    Param& param = out.emplace_back();
    param.name = pair.get_array()[0].get_string();
    const json::value& value = child(fields, "default");
    if (get_text(value, "__type") != "arg_not_set") param.default_value = plain(value);
    param.schema = plain(child(fields, "schema"));
    if (!param.schema.is_object()) param.schema = json::object();
  }
  return out;
}

Result<void> check_params(const Params& params, const json::object& conf) {
  for (const Param& param : params) {
    const json::value* given = conf.if_contains(param.name);
    if (given == nullptr && !param.default_value) {
      return fail(ErrorCode::invalid, fmt::format("Invalid input for param {}: No value passed", param.name));
    }
    const json::value& value = given != nullptr ? *given : *param.default_value;
    if (const std::string why = objection(param.schema, value); !why.empty()) {
      return fail(ErrorCode::invalid,
                  fmt::format("Invalid input for param {}: {} is refused by its schema {}: {}", param.name,
                              json::serialize(value), json::serialize(param.schema), why));
    }
  }
  return {};
}

}  // namespace leoflow::dag
