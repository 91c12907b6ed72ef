#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/core/order.hpp"
#include "base/result.hpp"
#include "store/sql.hpp"

namespace leoflow::api {

/// A place between two rows of a list: the values that the row beside it is ordered by.
struct Cursor {
  std::vector<store::Value> values;  ///< one for each term of the order
  bool backward = false;             ///< what comes before is asked for

  /// As clients get it: base64 of JSON, with "~" before it if it looks back.
  std::string text() const;

  /// Errors: invalid, in Airflow's words, for what is none or is of a list with another order.
  static Result<Cursor> read(std::string_view text, std::span<const OrderTerm> order);
};

}  // namespace leoflow::api
