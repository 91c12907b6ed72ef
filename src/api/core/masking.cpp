#include "api/core/masking.hpp"

#include "api/core/python_text.hpp"
#include "base/secret_names.hpp"

namespace leoflow::api {

json::value masked(const json::value& document) {
  if (document.is_array()) {
    json::array out;
    for (const json::value& item : document.get_array()) out.push_back(masked(item));
    return out;
  }
  if (!document.is_object()) return document;
  json::object out;
  for (const auto& [name, value] : document.get_object()) {
    out[name] = is_sensitive_name(name) && !value.is_null() ? json::value(kMask) : masked(value);
  }
  return out;
}

std::string masked_text(const std::string& text) {
  const auto parsed = parse_json(text);
  if (!parsed || !(parsed->is_object() || parsed->is_array())) return text;
  return python_json(masked(*parsed));
}

json::value unmasked(const json::value& next, const json::value& stored) {
  if (next.is_string() && std::string_view(next.get_string()) == kMask) return stored;
  if (next.is_object() && stored.is_object()) {
    json::object out;
    for (const auto& [name, value] : next.get_object()) {
      const json::value* before = stored.get_object().if_contains(name);
      out[name] = before == nullptr ? value : unmasked(value, *before);
    }
    return out;
  }
  if (next.is_array() && stored.is_array() && next.get_array().size() == stored.get_array().size()) {
    json::array out;
    for (std::size_t i = 0; i < next.get_array().size(); ++i) {
      out.push_back(unmasked(next.get_array()[i], stored.get_array()[i]));
    }
    return out;
  }
  return next;
}

std::string unmasked_text(const std::string& next, const std::string& stored) {
  if (next == kMask) return stored;
  if (next.find(kMask) == std::string::npos) return next;
  const auto wanted = parse_json(next);
  const auto before = parse_json(stored);
  if (!wanted || !before || !(wanted->is_object() || wanted->is_array())) return next;
  return json::serialize(unmasked(*wanted, *before));
}

}  // namespace leoflow::api
