#pragma once

#include <boost/json/value.hpp>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"

namespace leoflow::api::wire {

/// Appends JSON text to a string, without a document in memory. Commas come by
/// themselves; the caller keeps begin and end in pairs.
class JsonWriter {
 public:
  /// @param skip_nulls leave out fields that have no value, where Airflow does.
  explicit JsonWriter(std::string& out, bool skip_nulls = false) : out_(out), skip_nulls_(skip_nulls) {}

  void begin_object() { open('{'); }
  void end_object() { out_ += '}'; }
  void begin_array() { open('['); }
  void end_array() { out_ += ']'; }
  void key(std::string_view name);

  void value(std::nullptr_t);
  void value(bool flag);
  void value(std::int64_t number);
  /// As Python writes floats: 1.0 keeps its fraction; what is not finite is null.
  void value(double number);
  void value(std::string_view text);
  void value(const std::string& text) { value(std::string_view(text)); }
  void value(const char* text) { value(std::string_view(text)); }
  void value(Time time);
  void value(const json::value& document);

  template <typename T>
    requires requires(const T& object, JsonWriter& out) { object.write(out); }
  void value(const T& object) {
    object.write(*this);
  }
  template <typename T>
  void value(const std::optional<T>& maybe) {
    if (maybe) {
      value(*maybe);
    } else {
      value(nullptr);
    }
  }
  template <typename T>
  void value(const std::vector<T>& items) {
    begin_array();
    for (const T& item : items) value(item);
    end_array();
  }
  template <typename... T>
  void value(const std::variant<T...>& choice) {
    std::visit([this](const auto& held) { value(held); }, choice);
  }

  template <typename T>
  void field(std::string_view name, const T& content) {
    if (skip_nulls_ && is_null(content)) return;
    key(name);
    value(content);
  }

 private:
  void open(char bracket) {
    separate();
    out_ += bracket;
  }
  void separate();

  template <typename T>
  static bool is_null(const T&) {
    return false;
  }
  template <typename T>
  static bool is_null(const std::optional<T>& maybe) {
    return !maybe;
  }
  static bool is_null(const json::value& document) { return document.is_null(); }

  std::string& out_;
  const bool skip_nulls_;
};

/// The JSON text of one value.
template <typename T>
std::string to_json(const T& content, bool skip_nulls = false) {
  std::string text;
  JsonWriter out(text, skip_nulls);
  out.value(content);
  return text;
}

}  // namespace leoflow::api::wire
