#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace leoflow::api {

/// What a column holds, for those who have to compare with it.
enum class Holds : std::uint8_t { text, number };

/// A column that a list may be ordered by.
struct OrderKey {
  std::string_view name;
  std::string_view column;  ///< an SQL expression
  Holds holds = Holds::text;
  bool never_null = false;
};

/// One column of an order.
struct OrderTerm {
  std::string_view column;
  bool descending = false;
  Holds holds = Holds::text;
  bool never_null = false;
};

/// What `order_by` asks for, and at the end a unique column in the direction of the first.
/// Errors: invalid, in Airflow's words, for an attribute that is not among the keys.
Result<std::vector<OrderTerm>> read_order(const std::vector<std::string>& order_by,
                                          std::span<const OrderKey> keys, const OrderKey& unique);

/// What follows ORDER BY. Rows without a value come last, whatever the direction.
/// @param backward the opposite of all that.
std::string order_sql(std::span<const OrderTerm> terms, bool backward = false);

}  // namespace leoflow::api
