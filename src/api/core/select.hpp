#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/core/order.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "store/sql.hpp"

namespace leoflow::api {

/// Bounds of one column, as the `_gte`, `_gt`, `_lte` and `_lt` parameters give them.
template <typename T>
struct Range {
  std::optional<T> gte;
  std::optional<T> gt;
  std::optional<T> lte;
  std::optional<T> lt;
};

/// As in Airflow no more rows are counted where that alone would take long.
inline constexpr std::int64_t kMostCounted = 50'000;

/// For LIKE ... ESCAPE '\' on lower-case text: finds the text anywhere, taken literally.
std::string contains_pattern(std::string_view text);

/// A list: conditions, order and page, put together into SQL. Values are always
/// arguments; the texts given here must be constants.
class Select {
 public:
  Select(std::string_view columns, std::string_view from) : columns_(columns), from_(from) {}

  /// A condition in which each ? stands for one argument.
  Select& where(std::string_view condition, std::initializer_list<store::Param> params = {});
  Select& where_list(std::string_view condition, std::span<const store::Param> params);
  /// Equality, unless the value is absent or the wildcard "~".
  Select& equals(std::string_view column, const std::optional<std::string>& value);
  /// Membership, unless the list is empty. "none" or null texts match NULL if `null_word` says so.
  Select& in(std::string_view column, const std::vector<std::string>& values,
             std::string_view null_word = "");
  Select& in(std::string_view column, const std::optional<std::vector<std::string>>& values);
  /// `column IN (subquery IN (values))`: @param subquery ends with the column that the values are compared
  /// with.
  Select& in_subquery(std::string_view column, std::string_view subquery,
                      const std::vector<std::string>& values);
  Select& in(std::string_view column, const std::vector<std::int64_t>& values);
  /// Case-insensitive search: "a|b" is a or b, % and _ are wild, "~" is everything.
  Select& pattern(std::string_view column, const std::optional<std::string>& text);
  /// The same of a DAG's id, in a table with many rows of each DAG: the DAGs are looked through instead.
  Select& dag_pattern(std::string_view column, const std::optional<std::string>& text);
  /// Case-sensitive start of the text; "a|b" is a or b.
  Select& prefix(std::string_view column, const std::optional<std::string>& text);
  Select& range(std::string_view column, const Range<Time>& range);
  Select& range(std::string_view expression, const Range<double>& range);
  /// Bounds of a time that may be still to come. What has not begun or ended will do so later: it is beyond
  /// every lower bound, and within an upper bound that lies in the future. Source: Airflow 3.3.2,
  /// NullableDatetimeRangeFilter.
  Select& open_range(std::string_view column, const Range<Time>& range, Time now);

  /// Errors: invalid, in Airflow's words, for an attribute that is not among the keys.
  /// @param tiebreak a unique column; ordered in the direction of the first key.
  Result<void> order(const std::vector<std::string>& order_by, std::span<const OrderKey> keys,
                     std::string_view tiebreak);
  Select& order_sql(std::string_view order) { return order_ = order, *this; }
  Select& group(std::string_view columns) { return group_ = columns, *this; }
  /// @param limit capped at 100.
  Select& page(std::int64_t limit, std::int64_t offset);
  Select& at_most(std::int64_t limit);
  /// As many rows as are said, for what is no page of a list.
  Select& part(std::int64_t limit, std::int64_t offset);

  store::Rows rows(store::Session& session) const;
  std::int64_t count(store::Session& session) const;

  /// Says that an index of its own leads to what these conditions let through, and that it is not much.
  Select& few() { return is_few_ = true, *this; }
  bool is_few() const { return is_few_; }
  /// Says that an index leads to what the conditions on this column of text let through: it serves if that is
  /// not much.
  Select& indexed(std::string_view column) { return indexed_.push_back(column), *this; }
  const std::vector<std::string_view>& indexed() const { return indexed_; }

  /// " WHERE ..." with its arguments; empty if there are none.
  std::string conditions() const;
  const store::Params& params() const { return params_; }

 private:
  std::string next(store::Param param);
  void bound(std::string_view column, std::string_view comparison, const std::optional<Time>& bound,
             bool lets_unknown_in);
  /// What pattern() asks for; empty if it is nothing.
  std::string alternatives(std::string_view column, const std::optional<std::string>& text);

  std::string_view columns_;
  std::string_view from_;
  bool is_few_ = false;
  std::vector<std::string_view> indexed_;
  std::vector<std::string> conditions_;
  store::Params params_;
  std::string group_;
  std::string order_;
  std::string page_;
};

}  // namespace leoflow::api

/// Collects the four bounds of `name` out of a parameter struct.
#define LEOFLOW_RANGE(params, name)                                                  \
  ::leoflow::api::Range {                                                            \
    (params).name##_gte, (params).name##_gt, (params).name##_lte, (params).name##_lt \
  }
