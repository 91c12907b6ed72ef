#include "api/core/select.hpp"

#include <cctype>
#include <fmt/core.h>

#include "api/core/page.hpp"
#include "base/text.hpp"

namespace leoflow::api {

namespace {

std::string escape_like(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

/// After all texts with this start, in any collation: a letter or digit later. Empty if there is no such
/// text. It lets the database use an index; what it lets through too much, the exact condition sorts out.
std::string end_of_range(std::string start) {
  while (!start.empty()) {
    const auto next = static_cast<unsigned char>(start.back() + 1);
    if (std::isalnum(next)) {
      start.back() = static_cast<char>(next);
      return start;
    }
    start.pop_back();
  }
  return start;
}

}  // namespace

std::string contains_pattern(std::string_view text) {
  return "%" + escape_like(to_lower(text)) + "%";
}

std::string Select::next(store::Param param) {
  params_.push_back(std::move(param));
  return fmt::format("${}", params_.size());
}

Select& Select::where(std::string_view condition, std::initializer_list<store::Param> params) {
  return where_list(condition, std::span(params.begin(), params.size()));
}

Select& Select::where_list(std::string_view condition, std::span<const store::Param> params) {
  std::string text;
  auto param = params.begin();
  for (const char c : condition) {
    if (c == '?') {
      text += next(*param++);
    } else {
      text += c;
    }
  }
  conditions_.push_back(std::move(text));
  return *this;
}

Select& Select::equals(std::string_view column, const std::optional<std::string>& value) {
  if (!value || *value == "~") return *this;
  conditions_.push_back(fmt::format("{} = {}", column, next(*value)));
  return *this;
}

Select& Select::in(std::string_view column, const std::vector<std::string>& values,
                   std::string_view null_word) {
  if (values.empty()) return *this;
  std::string list;
  bool with_null = false;
  for (const std::string& value : values) {
    if (!null_word.empty() && (value == null_word || value.empty())) {
      with_null = true;
    } else {
      list += (list.empty() ? "" : ", ") + next(value);
    }
  }
  std::string text = list.empty() ? "" : fmt::format("{} IN ({})", column, list);
  if (with_null) text += fmt::format("{}{} IS NULL", text.empty() ? "" : " OR ", column);
  conditions_.push_back("(" + text + ")");
  return *this;
}

Select& Select::in(std::string_view column, const std::optional<std::vector<std::string>>& values) {
  return values ? in(column, *values) : *this;
}

Select& Select::in_subquery(std::string_view column, std::string_view subquery,
                            const std::vector<std::string>& values) {
  std::string list;
  for (const std::string& value : values) list += (list.empty() ? "" : ", ") + next(value);
  conditions_.push_back(fmt::format("{} IN ({} IN ({}))", column, subquery, list));
  return *this;
}

Select& Select::in(std::string_view column, const std::vector<std::int64_t>& values) {
  if (values.empty()) return *this;
  std::string list;
  for (const std::int64_t value : values) list += (list.empty() ? "" : ", ") + next(value);
  conditions_.push_back(fmt::format("{} IN ({})", column, list));
  return *this;
}

std::string Select::alternatives(std::string_view column, const std::optional<std::string>& text) {
  if (!text || *text == "~" || trim(*text).empty()) return "";
  std::string out;
  for (const std::string& part : split(*text, '|')) {
    const std::string_view word = trim(part);
    if (word.empty()) continue;
    out += fmt::format("{}LOWER({}) LIKE {} ESCAPE '\\'", out.empty() ? "" : " OR ", column,
                       next(fmt::format("%{}%", to_lower(word))));
  }
  return out;
}

Select& Select::pattern(std::string_view column, const std::optional<std::string>& text) {
  if (const std::string any = alternatives(column, text); !any.empty())
    conditions_.push_back("(" + any + ")");
  return *this;
}

Select& Select::dag_pattern(std::string_view column, const std::optional<std::string>& text) {
  if (const std::string any = alternatives("dag_id", text); !any.empty())
    conditions_.push_back(fmt::format("{} IN (SELECT dag_id FROM dag WHERE {})", column, any));
  return *this;
}

Select& Select::prefix(std::string_view column, const std::optional<std::string>& text) {
  if (!text || text->empty() || *text == "~") return *this;
  std::string alternatives;
  for (const std::string& part : split(*text, '|')) {
    if (part.empty()) continue;
    // As in Airflow, what is no letter or digit at the end does not count.
    std::string start(trim(part));
    while (!start.empty() && std::ispunct(static_cast<unsigned char>(start.back()))) start.pop_back();
    alternatives += alternatives.empty() ? "" : " OR ";
    if (start.empty()) {
      alternatives += fmt::format("{} IS NOT NULL", column);
      continue;
    }
    const std::string low = next(start);
    // PostgreSQL guesses that an equality holds seldom, and would not walk the list; of COALESCE it knows
    // nothing.
    alternatives +=
        fmt::format("({0} >= {1} AND COALESCE(SUBSTR({0}, 1, LENGTH({1})) = {1}, FALSE)", column, low);
    const std::string end = end_of_range(start);
    alternatives += end.empty() ? ")" : fmt::format(" AND {} < {})", column, next(end));
  }
  if (!alternatives.empty()) conditions_.push_back("(" + alternatives + ")");
  return *this;
}

Select& Select::range(std::string_view column, const Range<Time>& range) {
  if (range.gte) conditions_.push_back(fmt::format("{} >= {}", column, next(*range.gte)));
  if (range.gt) conditions_.push_back(fmt::format("{} > {}", column, next(*range.gt)));
  if (range.lte) conditions_.push_back(fmt::format("{} <= {}", column, next(*range.lte)));
  if (range.lt) conditions_.push_back(fmt::format("{} < {}", column, next(*range.lt)));
  return *this;
}

Select& Select::range(std::string_view expression, const Range<double>& range) {
  if (range.gte) conditions_.push_back(fmt::format("{} >= {}", expression, next(*range.gte)));
  if (range.gt) conditions_.push_back(fmt::format("{} > {}", expression, next(*range.gt)));
  if (range.lte) conditions_.push_back(fmt::format("{} <= {}", expression, next(*range.lte)));
  if (range.lt) conditions_.push_back(fmt::format("{} < {}", expression, next(*range.lt)));
  return *this;
}

void Select::bound(std::string_view column, std::string_view comparison, const std::optional<Time>& bound,
                   bool lets_unknown_in) {
  if (!bound) return;
  const std::string unknown = lets_unknown_in ? fmt::format(" OR {} IS NULL", column) : "";
  conditions_.push_back(fmt::format("({} {} {}{})", column, comparison, next(*bound), unknown));
}

Select& Select::open_range(std::string_view column, const Range<Time>& range, Time now) {
  bound(column, ">=", range.gte, true);
  bound(column, ">", range.gt, true);
  bound(column, "<=", range.lte, now <= range.lte);
  bound(column, "<", range.lt, now < range.lt);
  return *this;
}

Result<void> Select::order(const std::vector<std::string>& order_by, std::span<const OrderKey> keys,
                           std::string_view tiebreak) {
  const auto terms = read_order(order_by, keys, {.name = "", .column = tiebreak});
  if (!terms) return std::unexpected(terms.error());
  order_ = api::order_sql(*terms);
  return {};
}

Select& Select::page(std::int64_t limit, std::int64_t offset) {
  return part(std::min(limit, kMostRows), offset);
}

Select& Select::part(std::int64_t limit, std::int64_t offset) {
  page_ = fmt::format(" LIMIT {} OFFSET {}", limit, offset);
  return *this;
}

Select& Select::at_most(std::int64_t limit) {
  page_ = fmt::format(" LIMIT {}", limit);
  return *this;
}

std::string Select::conditions() const {
  return conditions_.empty() ? "" : " WHERE " + join(conditions_, " AND ");
}

store::Rows Select::rows(store::Session& session) const {
  const std::string group = group_.empty() ? "" : " GROUP BY " + group_;
  const std::string order = order_.empty() ? "" : " ORDER BY " + order_;
  return session.query(
      fmt::format("SELECT {} FROM {}{}{}{}{}", columns_, from_, conditions(), group, order, page_), params_);
}

std::int64_t Select::count(store::Session& session) const {
  return session.query(fmt::format("SELECT COUNT(*) FROM {}{}", from_, conditions()), params_)[0].integer(0);
}

}  // namespace leoflow::api
