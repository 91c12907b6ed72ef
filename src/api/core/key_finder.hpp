#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/core/cursor.hpp"
#include "api/core/long_list.hpp"

namespace leoflow::api {

/// Finds the keys of a page of a long list. Rows without a value in the first column of the order are looked
/// for by themselves, after the others or, looking back, before them: so that an index on that column is
/// enough.
class KeyFinder {
 public:
  /// Counts first, for it depends on that how the rest is found.
  /// @param where must outlive it, as must the session and the list.
  /// @param most_counted no more are counted; without it all.
  KeyFinder(store::Session& session, const LongList& list, const Select& where, std::vector<OrderTerm> order,
            std::optional<std::int64_t> most_counted);

  const std::vector<OrderTerm>& order() const { return order_; }

  std::int64_t total() const { return total_; }

  std::vector<store::Value> from_offset(std::int64_t limit, std::int64_t offset) const;
  /// In the order of the list or, looking back, in the opposite one.
  std::vector<store::Value> from_cursor(const Cursor& cursor, std::int64_t limit) const;

 private:
  /// Rows of which something holds of the first column, after a cursor if there is one.
  struct Part {
    std::string_view first = "";
    const Cursor* cursor = nullptr;
    bool backward = false;
  };
  std::vector<store::Value> select(const Part& part, std::int64_t limit, std::int64_t offset) const;
  std::int64_t number(std::string_view sql) const;
  std::int64_t count(std::optional<std::int64_t> most) const;
  std::int64_t count_where(const std::string& conditions, std::optional<std::int64_t> most) const;
  /// @param first what holds of the first column; empty for all rows.
  std::string conditions_of(std::string_view first) const;
  std::string order_text(const Part& part) const;
  std::string after(const Cursor& cursor, std::size_t from, store::Params& params) const;

  store::Session& session_;
  const LongList& list_;
  const Select& where_;
  std::vector<OrderTerm> order_;
  bool in_two_parts_;  ///< rows with and without a value in the first column
  std::string conditions_;
  std::string tables_;          ///< for conditions and order
  std::string counted_tables_;  ///< for conditions
  std::int64_t total_;
  bool is_few_;  ///< what there is, is sorted rather than looked for among all
};

}  // namespace leoflow::api
