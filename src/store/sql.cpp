#include "store/sql.hpp"

#include <fmt/format.h>

namespace leoflow::store {
namespace {

[[noreturn]] void mismatch(std::size_t column, const char* wanted) {
  throw Fatal(fmt::format("column {} of a row is not {}", column, wanted));
}

}  // namespace

std::int64_t Row::integer(std::size_t column) const {
  if (const auto* value = std::get_if<std::int64_t>(&cells_[column])) return *value;
  mismatch(column, "an integer");
}

double Row::number(std::size_t column) const {
  if (const auto* value = std::get_if<double>(&cells_[column])) return *value;
  return static_cast<double>(integer(column));
}

const std::string& Row::text(std::size_t column) const {
  if (const auto* value = std::get_if<std::string>(&cells_[column])) return *value;
  mismatch(column, "a text");
}

Uuid Row::uuid(std::size_t column) const {
  if (const auto id = Uuid::parse(text(column))) return *id;
  mismatch(column, "a UUID");
}

std::optional<std::int64_t> Row::find_integer(std::size_t column) const {
  return is_null(column) ? std::nullopt : std::optional(integer(column));
}
std::optional<double> Row::find_number(std::size_t column) const {
  return is_null(column) ? std::nullopt : std::optional(number(column));
}
std::optional<std::string> Row::find_text(std::size_t column) const {
  return is_null(column) ? std::nullopt : std::optional(text(column));
}
std::optional<Time> Row::find_time(std::size_t column) const {
  return is_null(column) ? std::nullopt : std::optional(time(column));
}
std::optional<Uuid> Row::find_uuid(std::size_t column) const {
  return is_null(column) ? std::nullopt : std::optional(uuid(column));
}

}  // namespace leoflow::store
