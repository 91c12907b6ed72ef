#pragma once

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
  /// @param where must outlive it, as must the session and the list.
  KeyFinder(store::Session& session, const LongList& list, const Select& where, std::vector<OrderTerm> order);

  const std::vector<OrderTerm>& order() const { return order_; }

  std::int64_t count() const;
  std::int64_t count_up_to(std::int64_t most) const;

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
};

}  // namespace leoflow::api
