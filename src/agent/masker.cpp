#include "agent/masker.hpp"

#include <algorithm>
#include <cctype>

#include "base/secret_names.hpp"
#include "base/text.hpp"

namespace leoflow::agent {
namespace {

constexpr std::size_t kShortestSecret = 5;  // characters
constexpr std::string_view kReplacement = "***";

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

void Masker::add(const json::value& value, std::string_view name) {
  if (const json::object* object = value.if_object()) {
    for (const auto& [key, inner] : *object) add(inner, std::string_view(key.data(), key.size()));
  } else if (const json::array* array = value.if_array()) {
    for (const json::value& inner : *array) add(inner, name);
  } else if (const json::string* text = value.if_string()) {
    if (name.empty() || is_sensitive_name(name)) add_text(std::string_view(text->data(), text->size()));
  }
}

void Masker::add_from_response(const json::value& body) {
  const std::string type = get_text(body, "type");
  if (type == "ConnectionResult") {
    add(json::value(get_text(body, "password")));
    const std::string extra = get_text(body, "extra");
    add(json::value(extra));
    // The fields of the extra are printed one by one as well.
    if (const auto fields = parse_json(extra); fields && fields->is_object()) add(*fields);
  } else if (type == "VariableResult") {
    const json::value* value = find(body, "value");
    if (value) add(*value, get_text(body, "key"));
  }
}

void Masker::add_text(std::string_view secret) {
  if (count_characters(secret) < kShortestSecret || to_lower(secret) == "airflow") return;
  if (!secrets_.emplace(secret).second) return;
  auto& bucket = by_first_byte_[static_cast<unsigned char>(secret.front())];
  bucket.emplace_back(secret);
  std::ranges::stable_sort(bucket, [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

std::string Masker::mask(std::string_view text) const {
  if (is_empty()) return std::string(text);
  std::string masked;
  masked.reserve(text.size());
  while (!text.empty()) {
    const auto& bucket = by_first_byte_[static_cast<unsigned char>(text.front())];
    const auto found =
        std::ranges::find_if(bucket, [&](const auto& secret) { return text.starts_with(secret); });
    if (found == bucket.end()) {
      masked.push_back(text.front());
      text.remove_prefix(1);
    } else {
      masked.append(kReplacement);
      text.remove_prefix(found->size());
    }
  }
  return masked;
}

void Masker::mask(json::value& value) const {
  if (is_empty()) return;
  if (json::object* object = value.if_object()) {
    for (auto& member : *object) mask(member.value());
  } else if (json::array* array = value.if_array()) {
    for (json::value& inner : *array) mask(inner);
  } else if (json::string* text = value.if_string()) {
    *text = mask(std::string_view(text->data(), text->size()));
  }
}

}  // namespace leoflow::agent
