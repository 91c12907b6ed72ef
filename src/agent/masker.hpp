#pragma once

#include <array>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/json.hpp"

namespace leoflow::agent {

/// Replaces the secrets it was told by "***", by the rules of Airflow's secrets
/// masker: values shorter than five characters and the word "airflow" are left
/// alone, and a named value is a secret only if its name sounds like one.
class Masker {
 public:
  /// @param value  text, or lists and objects that are walked (the keys of objects are names).
  /// @param name   of the value; "" if it has none, which makes every text a secret.
  void add(const json::value& value, std::string_view name = "");

  /// The secrets of an answer that a task is about to get: a connection's password
  /// and extra, a variable whose name sounds secret.
  void add_from_response(const json::value& body);

  bool is_empty() const { return secrets_.empty(); }
  std::string mask(std::string_view text) const;
  /// Masks every text inside the value, keys of objects excepted.
  void mask(json::value& value) const;

 private:
  void add_text(std::string_view secret);

  std::unordered_set<std::string> secrets_;
  std::array<std::vector<std::string>, 256> by_first_byte_;  // longest first
};

}  // namespace leoflow::agent
