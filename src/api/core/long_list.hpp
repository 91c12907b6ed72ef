#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/core/order.hpp"
#include "api/core/select.hpp"
#include "base/result.hpp"
#include "store/sql.hpp"

/// Lists that may have a million rows. A page is found by its keys alone, through the index that has its
/// order if there is one, without the tables that only add columns; then the rows of the page are read.
namespace leoflow::api {

/// A list: every row of the first table gives one row, the joins only add columns.
struct LongList {
  std::string_view columns;
  std::string_view tables;
  OrderKey key;  ///< a unique column of the first table
  std::span<const OrderKey> order;
  /// Counts the whole list without reading it; empty if nothing else can.
  std::string_view whole_count = "";
};

/// Which part of a list is asked for: so many rows from an offset on, or from a cursor on. The cursor of the
/// first page is empty.
struct PageRequest {
  std::int64_t limit;  ///< capped at 100
  std::int64_t offset = 0;
  std::optional<std::string> cursor = std::nullopt;
};

/// The rows of a page, and what is said about the list around it.
class ListPage {
 public:
  template <typename Use>
  void each(Use use) const {
    for (const std::size_t place : places_) use(rows_[place]);
  }

  /// Fills total_entries; of a walk by cursor also the neighbouring pages, and how far was counted, as in
  /// Airflow.
  template <typename List>
  void describe(List& list) const {
    list.total_entries = total_;
    if constexpr (requires { list.next_cursor; }) {
      if (!by_cursor_) return;
      list.total_entries_limit = kMostCounted;
      list.next_cursor = next_;
      list.previous_cursor = previous_;
    }
  }

 private:
  friend Result<ListPage> read_page(store::Session&, const LongList&, const Select&,
                                    const std::vector<std::string>&, const PageRequest&);

  explicit ListPage(store::Rows rows) : rows_(std::move(rows)) {}

  store::Rows rows_;
  std::vector<std::size_t> places_;  ///< of the rows, in their order
  std::int64_t total_ = 0;
  bool by_cursor_ = false;
  std::optional<std::string> next_;
  std::optional<std::string> previous_;
};

/// @param where the conditions; its columns, order and page are not used.
/// Errors: invalid (order_by; a cursor that is none, or of another order).
Result<ListPage> read_page(store::Session& session, const LongList& list, const Select& where,
                           const std::vector<std::string>& order_by, const PageRequest& page);

}  // namespace leoflow::api
