#include "api/core/order.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace leoflow::api {
namespace {

constexpr std::size_t kMostOrderKeys = 10;

}  // namespace

Result<std::vector<OrderTerm>> read_order(const std::vector<std::string>& order_by,
                                          std::span<const OrderKey> keys, const OrderKey& unique) {
  if (order_by.size() > kMostOrderKeys) {
    return fail(ErrorCode::invalid,
                fmt::format("Ordering with more than {} parameters is not allowed. Provided: {}",
                            kMostOrderKeys, order_by.size()));
  }
  std::vector<OrderTerm> terms;
  for (std::string_view name : order_by) {
    const bool descending = name.starts_with('-');
    if (descending) name.remove_prefix(1);
    const auto found = std::ranges::find(keys, name, &OrderKey::name);
    if (found == keys.end()) {
      return fail(
          ErrorCode::invalid,
          fmt::format("Ordering with '{}' is disallowed or the attribute does not exist on the model", name));
    }
    terms.push_back({found->column, descending, found->holds, found->never_null});
  }
  const bool downwards = !terms.empty() && terms.front().descending;
  terms.push_back({unique.column, downwards, unique.holds, true});
  return terms;
}

std::string order_sql(std::span<const OrderTerm> terms, bool backward) {
  std::string text;
  for (const OrderTerm& term : terms) {
    if (!text.empty()) text += ", ";
    if (!term.never_null) text += fmt::format("{} IS NULL{}, ", term.column, backward ? " DESC" : "");
    text += fmt::format("{} {}", term.column, term.descending != backward ? "DESC" : "ASC");
  }
  return text;
}

}  // namespace leoflow::api
