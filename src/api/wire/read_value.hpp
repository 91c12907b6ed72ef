#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "api/wire/problems.hpp"
#include "api/wire/rules.hpp"
#include "base/clock.hpp"

/// read_value(in, out, rule, where, problems): checks one value as pydantic's
/// lax mode does (so "5" is an integer) and converts it, or adds problems.
namespace leoflow::api::wire {

void read_value(const json::value& in, std::string& out, const Text& rule, const Location& where,
                Problems& problems);
void read_value(const json::value& in, std::string& out, const OneOf& rule, const Location& where,
                Problems& problems);
void read_value(const json::value& in, std::string& out, const Date& rule, const Location& where,
                Problems& problems);
void read_value(const json::value& in, std::int64_t& out, const Integer& rule, const Location& where,
                Problems& problems);
void read_value(const json::value& in, double& out, const Number& rule, const Location& where,
                Problems& problems);
void read_value(const json::value& in, bool& out, const Boolean& rule, const Location& where,
                Problems& problems);
void read_value(const json::value& in, Time& out, const Instant& rule, const Location& where,
                Problems& problems);
void read_value(const json::value& in, json::value& out, const Object& rule, const Location& where,
                Problems& problems);
void read_value(const json::value& in, json::value& out, const Anything& rule, const Location& where,
                Problems& problems);
void read_value(const json::value& in, std::optional<std::string>& out, const ChoiceOf& rule,
                const Location& where, Problems& problems);

template <typename T>
  requires requires(T& body, const json::value& in, const Location& where, Problems& problems) {
    body.parse(in, where, problems);
  }
void read_value(const json::value& in, T& out, const Model&, const Location& where, Problems& problems) {
  out.parse(in, where, problems);
}

template <typename Rule>
void read_value(const json::value& in, json::value& out, const OrNull<Rule>& rule, const Location& where,
                Problems& problems) {
  if (in.is_null()) {
    out = nullptr;
  } else {
    read_value(in, out, rule.rule, where, problems);
  }
}

// Declared before use by each other: lists hold unions, unions hold lists.
template <typename T, typename Rule>
void read_value(const json::value& in, std::vector<T>& out, const ListOf<Rule>& rule, const Location& where,
                Problems& problems);
template <typename... T, typename... Rules>
void read_value(const json::value& in, std::variant<T...>& out, const AnyOf<Rules...>& rule,
                const Location& where, Problems& problems);

template <typename T, typename Rule>
void read_value(const json::value& in, std::optional<T>& out, const OrNull<Rule>& rule, const Location& where,
                Problems& problems) {
  if (in.is_null()) {
    out.reset();
  } else {
    read_value(in, out.emplace(), rule.rule, where, problems);
  }
}

bool check_list(const json::value& in, std::size_t min_length, const Location& where, Problems& problems);

template <typename T, typename Rule>
void read_value(const json::value& in, std::vector<T>& out, const ListOf<Rule>& rule, const Location& where,
                Problems& problems) {
  if (!check_list(in, rule.min_length, where, problems)) return;
  out.clear();
  std::int64_t index = 0;
  for (const json::value& item : in.get_array()) {
    read_value(item, out.emplace_back(), rule.rule, Location(where, index++), problems);
  }
}

// The name pydantic gives a member of a union in the location of its problems.
template <typename Rule>
std::string_view union_label(const Rule& rule) {
  if constexpr (requires { rule.name; }) {
    return rule.name;
  } else if constexpr (std::is_same_v<Rule, Instant>) {
    return "datetime";
  } else if constexpr (std::is_same_v<Rule, OneOf>) {
    return "literal";
  } else {
    return "str";
  }
}

enum class Attempt { fits, claimed, other };

/// Tries one member of a union. `claimed`: it does not fit, but carries the
/// member's mark (a const field), so its problems are the ones to tell.
template <typename T, typename Rule, typename Variant>
Attempt try_member(const json::value& in, Variant& out, const Rule& rule, const Location& where,
                   Problems& collected) {
  T candidate{};
  Problems own;
  read_value(in, candidate, rule, Location(where, union_label(rule)), own);
  if (own.empty()) {
    out = std::move(candidate);
    return Attempt::fits;
  }
  if constexpr (requires { T::claims(in); }) {
    if (T::claims(in)) {
      collected = std::move(own);
      return Attempt::claimed;
    }
  }
  collected.append(own);
  return Attempt::other;
}

template <typename... T, typename... Rules>
void read_value(const json::value& in, std::variant<T...>& out, const AnyOf<Rules...>& rule,
                const Location& where, Problems& problems) {
  Problems collected;
  Attempt last = Attempt::other;
  const auto try_one = [&]<typename U>(std::type_identity<U>, const auto& one) {
    if (last == Attempt::other) last = try_member<U>(in, out, one, where, collected);
  };
  std::apply([&](const Rules&... rules) { (try_one(std::type_identity<T>{}, rules), ...); }, rule.rules);
  if (last != Attempt::fits) problems.append(collected);
}

}  // namespace leoflow::api::wire
