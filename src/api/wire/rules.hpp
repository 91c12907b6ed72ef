#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string_view>
#include <tuple>

/// What the OpenAPI files demand of a value. Generated code builds these in
/// place and passes them to read_value(); they hold views and never outlive
/// that call.
namespace leoflow::api::wire {

struct Text {
  std::size_t min_length = 0;
  std::size_t max_length = std::numeric_limits<std::size_t>::max();
  const char* pattern = nullptr;
};

inline constexpr std::int64_t kNoBound = std::numeric_limits<std::int64_t>::min();

struct Integer {
  std::int64_t minimum = kNoBound;
  std::int64_t above = kNoBound;
};
struct Number {
  std::int64_t minimum = kNoBound;
  std::int64_t above = kNoBound;
};
struct Boolean {};
/// ISO 8601 with an offset.
struct Instant {};
/// YYYY-MM-DD, kept as text.
struct Date {};
/// A JSON object of any content.
struct Object {};
struct Anything {};

struct OneOf {
  std::initializer_list<std::string_view> allowed;
  bool literal;  ///< pydantic words a Literal and an Enum differently
};

/// One of these texts in any case, and not null, whatever the OpenAPI files say: Airflow checks it itself.
struct ChoiceOf {
  std::initializer_list<std::string_view> allowed;
};

struct Model {
  std::string_view name;
};

template <typename Rule>
struct OrNull {
  Rule rule;
};
template <typename Rule>
OrNull(Rule) -> OrNull<Rule>;

template <typename Rule>
struct ListOf {
  Rule rule;
  std::size_t min_length;
};
template <typename Rule>
ListOf(Rule, int) -> ListOf<Rule>;

template <typename... Rules>
struct AnyOf {
  std::tuple<Rules...> rules;
  explicit AnyOf(Rules... each) : rules(each...) {}
};

}  // namespace leoflow::api::wire
