#include "api/core/open_range.hpp"

#include <fmt/format.h>

namespace leoflow::api {
namespace {

void filter_bound(Select& select, std::string_view column, std::string_view comparison,
                  const std::optional<Time>& bound, bool lets_unknown_in) {
  if (!bound) return;
  const std::string unknown = lets_unknown_in ? fmt::format(" OR {} IS NULL", column) : "";
  select.where(fmt::format("({} {} ?{})", column, comparison, unknown), {*bound});
}

}  // namespace

void filter_open_range(Select& select, std::string_view column, const Range<Time>& range, Time now) {
  filter_bound(select, column, ">=", range.gte, true);
  filter_bound(select, column, ">", range.gt, true);
  filter_bound(select, column, "<=", range.lte, range.lte && now <= *range.lte);
  filter_bound(select, column, "<", range.lt, range.lt && now < *range.lt);
}

}  // namespace leoflow::api
