#include "api/core/key_finder.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <iterator>

namespace leoflow::api {
namespace {

constexpr std::string_view kHasValue = "IS NOT NULL";
constexpr std::string_view kNoValue = "IS NULL";

/// So many rows are sorted in a few milliseconds.
constexpr std::int64_t kFew = 2'000;

/// Whether an expression names a column of this table.
bool mentions(std::string_view expression, std::string_view alias) {
  const std::string name = fmt::format("{}.", alias);
  for (auto at = expression.find(name); at != std::string_view::npos; at = expression.find(name, at + 1)) {
    const auto before = static_cast<unsigned char>(at == 0 ? ' ' : expression[at - 1]);
    if (std::isalnum(before) == 0 && before != '_') return true;
  }
  return false;
}

/// The tables without the joins that none of these expressions needs.
std::string tables_for(std::string_view tables, std::string_view expressions) {
  const auto next_join = [&](std::size_t from) {
    return std::min(std::min(tables.find(" LEFT JOIN ", from), tables.find(" JOIN ", from)), tables.size());
  };
  std::size_t at = next_join(0);
  std::string out(tables.substr(0, at));
  while (at < tables.size()) {
    const std::size_t joined = tables.find("JOIN ", at) + 5;
    const std::size_t end = next_join(joined);
    const std::size_t alias = tables.find(' ', joined) + 1;
    if (mentions(expressions, tables.substr(alias, tables.find(' ', alias) - alias)))
      out += tables.substr(at, end - at);
    at = end;
  }
  return out;
}

std::string alternative_of(std::string_view column) {
  return fmt::format(" OR {} {}", column, kNoValue);
}

/// Without "or the column has no value", where it has one: SQLite would look for both and sort, rather than
/// walk the index of the order.
std::string without_alternative(std::string conditions, std::string_view column) {
  const std::string alternative = alternative_of(column);
  for (auto at = conditions.find(alternative); at != std::string::npos; at = conditions.find(alternative))
    conditions.erase(at, alternative.size());
  return conditions;
}

/// Conditions on a column of text that no index of SQLite serves. PostgreSQL sees no difference, and knows
/// itself whether its index leads to much.
std::string unindexed(std::string conditions, std::string_view column) {
  const std::string expression = fmt::format("CAST({} AS TEXT)", column);
  for (auto at = conditions.find(column); at != std::string::npos;
       at = conditions.find(column, at + expression.size()))
    conditions.replace(at, column.size(), expression);
  return conditions;
}

void append(std::vector<store::Value>& keys, std::vector<store::Value> more) {
  std::ranges::move(more, std::back_inserter(keys));
}

}  // namespace

KeyFinder::KeyFinder(store::Session& session, const LongList& list, const Select& where,
                     std::vector<OrderTerm> order, std::optional<std::int64_t> most_counted)
    : session_(session),
      list_(list),
      where_(where),
      order_(std::move(order)),
      in_two_parts_(!order_.front().never_null),
      conditions_(where.conditions()) {
  std::string named = conditions_;
  counted_tables_ = tables_for(list.tables, named);
  for (const OrderTerm& term : order_) named += fmt::format(" {}", term.column);
  tables_ = tables_for(list.tables, named);
  total_ = count(most_counted);
  is_few_ = where.is_few() || (!where.indexed().empty() && total_ <= kFew);
  if (!is_few_)
    for (const std::string_view column : where.indexed()) conditions_ = unindexed(conditions_, column);
}

std::int64_t KeyFinder::number(std::string_view sql) const {
  return session_.query(sql, where_.params())[0].integer(0);
}

std::int64_t KeyFinder::count(std::optional<std::int64_t> most) const {
  if (conditions_.empty() && !most && !list_.whole_count.empty()) return number(list_.whole_count);
  if (conditions_.find(alternative_of(order_.front().column)) == std::string::npos)
    return count_where(conditions_, most);
  const std::int64_t with_value = count_where(conditions_of(kHasValue), most);
  if (most) *most -= with_value;
  return with_value + count_where(conditions_of(kNoValue), most);
}

std::int64_t KeyFinder::count_where(const std::string& conditions, std::optional<std::int64_t> most) const {
  if (!most) return number(fmt::format("SELECT COUNT(*) FROM {}{}", counted_tables_, conditions));
  return number(fmt::format("SELECT COUNT(*) FROM (SELECT 1 FROM {}{} LIMIT {}) counted", counted_tables_,
                            conditions, *most));
}

std::vector<store::Value> KeyFinder::from_offset(std::int64_t limit, std::int64_t offset) const {
  if (!in_two_parts_) return select({}, limit, offset);
  auto keys = select({.first = kHasValue}, limit, offset);
  const auto missing = limit - std::ssize(keys);
  if (missing == 0) return keys;
  std::int64_t skipped = 0;
  if (keys.empty() && offset > 0) {
    const auto with_value =
        number(fmt::format("SELECT COUNT({}) FROM {}{}", order_.front().column, tables_, conditions_));
    skipped = offset - std::min(offset, with_value);
  }
  append(keys, select({.first = kNoValue}, missing, skipped));
  return keys;
}

std::vector<store::Value> KeyFinder::from_cursor(const Cursor& cursor, std::int64_t limit) const {
  const bool back = cursor.backward;
  if (!in_two_parts_) return select({.cursor = &cursor, .backward = back}, limit, 0);
  const bool in_nulls = std::holds_alternative<std::monostate>(cursor.values.front());
  auto keys =
      select({.first = in_nulls ? kNoValue : kHasValue, .cursor = &cursor, .backward = back}, limit, 0);
  const auto missing = limit - std::ssize(keys);
  if (missing > 0 && in_nulls == back) {
    append(keys, select({.first = back ? kHasValue : kNoValue, .backward = back}, missing, 0));
  }
  return keys;
}

std::vector<store::Value> KeyFinder::select(const Part& part, std::int64_t limit, std::int64_t offset) const {
  store::Params params = where_.params();
  std::string conditions = conditions_of(part.first);
  if (part.cursor != nullptr) {
    conditions += conditions.empty() ? " WHERE " : " AND ";
    conditions += after(*part.cursor, part.first == kNoValue ? 1 : 0, params);
  }
  std::vector<store::Value> keys;
  for (const store::Row row :
       session_.query(fmt::format("SELECT {} FROM {}{} ORDER BY {} LIMIT {} OFFSET {}", list_.key.column,
                                  tables_, conditions, order_text(part), limit, offset),
                      params)) {
    keys.push_back(row.value(0));
  }
  return keys;
}

std::string KeyFinder::conditions_of(std::string_view first) const {
  const std::string_view column = order_.front().column;
  if (first.empty()) return conditions_;
  return fmt::format("{}{}{} {}", first == kHasValue ? without_alternative(conditions_, column) : conditions_,
                     conditions_.empty() ? " WHERE " : " AND ", column, first);
}

std::string KeyFinder::order_text(const Part& part) const {
  std::vector<OrderTerm> terms(order_.begin() + (part.first == kNoValue ? 1 : 0), order_.end());
  if (part.first == kHasValue) terms.front().never_null = true;
  const std::string sorted = fmt::format("+{}", terms.front().column);
  if (is_few_ && terms.front().holds == Holds::number) terms.front().column = sorted;
  return order_sql(terms, part.backward);
}

/// What comes after the cursor by the terms from this one on.
std::string KeyFinder::after(const Cursor& cursor, std::size_t from, store::Params& params) const {
  const OrderTerm& term = order_[from];
  const bool upwards = term.descending == cursor.backward;
  std::string later;
  std::string same = fmt::format("{} {}", term.column, kNoValue);
  std::string begin;
  if (std::holds_alternative<std::monostate>(cursor.values[from])) {
    later = cursor.backward ? fmt::format("{} {}", term.column, kHasValue) : "1 = 0";
  } else {
    params.emplace_back(cursor.values[from]);
    const std::string place = fmt::format("${}", params.size());
    later = fmt::format("{} {} {}", term.column, upwards ? '>' : '<', place);
    const bool other_part = from == 0 && in_two_parts_;
    const bool nulls_follow = !other_part && !term.never_null && !cursor.backward;
    if (nulls_follow) later = fmt::format("({} OR {} {})", later, term.column, kNoValue);
    same = fmt::format("{} = {}", term.column, place);
    // Tells the database where to begin in an index.
    if (from == 0 && !nulls_follow)
      begin = fmt::format("{} {}= {} AND ", term.column, upwards ? '>' : '<', place);
  }
  if (from + 1 == order_.size()) return later;
  return fmt::format("{}({} OR ({} AND {}))", begin, later, same, after(cursor, from + 1, params));
}

}  // namespace leoflow::api
