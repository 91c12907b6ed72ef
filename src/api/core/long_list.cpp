#include "api/core/long_list.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>

#include "api/core/dag_rows.hpp"
#include "api/core/key_finder.hpp"
#include "api/core/page.hpp"

namespace leoflow::api {
namespace {

/// The rows with these keys. Behind the columns of the list stand those of its order; the last one is the
/// key.
store::Rows read_rows(store::Session& session, const LongList& list, const std::vector<OrderTerm>& order,
                      const std::vector<store::Value>& keys) {
  if (keys.empty()) return {1, {}};
  std::string columns(list.columns);
  for (const OrderTerm& term : order) columns += fmt::format(", {}", term.column);
  return session.query(fmt::format("SELECT {} FROM {} WHERE {} IN ({})", columns, list.tables,
                                   list.key.column, placeholders(keys.size())),
                       store::Params(keys.begin(), keys.end()));
}

/// Where the rows with these keys are; a row that was deleted meanwhile is left out.
std::vector<std::size_t> places_of(const std::vector<store::Value>& keys, const store::Rows& rows) {
  std::map<store::Value, std::size_t> by_key;
  for (std::size_t i = 0; i < rows.size(); ++i) by_key.emplace(rows[i].value(rows[i].size() - 1), i);
  std::vector<std::size_t> places;
  for (const store::Value& key : keys) {
    if (const auto found = by_key.find(key); found != by_key.end()) places.push_back(found->second);
  }
  return places;
}

Result<Cursor> read_cursor(const std::string& text, std::span<const OrderTerm> order) {
  if (text.empty()) return Cursor{};
  return Cursor::read(text, order);
}

std::string cursor_beside(store::Row row, std::size_t terms, bool backward) {
  Cursor cursor{.values = {}, .backward = backward};
  for (std::size_t i = row.size() - terms; i < row.size(); ++i) cursor.values.push_back(row.value(i));
  return cursor.text();
}

}  // namespace

Result<ListPage> read_page(store::Session& session, const LongList& list, const Select& where,
                           const std::vector<std::string>& order_by, const PageRequest& page) {
  auto order = read_order(order_by, list.order, list.key);
  if (!order) return std::unexpected(order.error());
  const KeyFinder finder(session, list, where, std::move(*order),
                         page.cursor ? std::optional(kMostCounted) : std::nullopt);
  const std::int64_t limit = std::min(page.limit, kMostRows);
  const std::size_t terms = finder.order().size();
  if (!page.cursor) {
    const auto keys = finder.from_offset(limit, page.offset);
    ListPage out(read_rows(session, list, finder.order(), keys));
    out.places_ = places_of(keys, out.rows_);
    out.total_ = finder.total();
    return out;
  }
  const auto cursor = read_cursor(*page.cursor, finder.order());
  if (!cursor) return std::unexpected(cursor.error());
  const bool at_start = cursor->values.empty();
  // One more tells whether there is another page.
  auto keys = at_start ? finder.from_offset(limit + 1, 0) : finder.from_cursor(*cursor, limit + 1);
  const bool more = std::ssize(keys) > limit;
  if (more) keys.pop_back();
  if (cursor->backward) std::ranges::reverse(keys);
  ListPage out(read_rows(session, list, finder.order(), keys));
  out.places_ = places_of(keys, out.rows_);
  out.total_ = finder.total();
  out.by_cursor_ = true;
  if (out.places_.empty()) return out;
  if (more || cursor->backward) out.next_ = cursor_beside(out.rows_[out.places_.back()], terms, false);
  if (cursor->backward ? more : !at_start)
    out.previous_ = cursor_beside(out.rows_[out.places_.front()], terms, true);
  return out;
}

}  // namespace leoflow::api
