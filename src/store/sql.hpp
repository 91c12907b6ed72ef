#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"

/// The one door to the database. Statements are written once, in the SQL that
/// SQLite and PostgreSQL share, with placeholders $1, $2, ...; instants are
/// BIGINT microseconds, booleans 0 or 1, ids and JSON are TEXT.
namespace leoflow::store {

using Value = std::variant<std::monostate, std::int64_t, double, std::string>;

/// A statement's argument; converts from the types that rows are made of.
class Param {
 public:
  Param(std::nullptr_t) {}
  Param(bool value) : value_(std::int64_t{value ? 1 : 0}) {}
  Param(int value) : value_(std::int64_t{value}) {}
  Param(unsigned value) : value_(std::int64_t{value}) {}
  Param(std::int64_t value) : value_(value) {}
  Param(double value) : value_(value) {}
  Param(const char* value) : value_(std::string(value)) {}
  Param(std::string_view value) : value_(std::string(value)) {}
  Param(std::string value) : value_(std::move(value)) {}
  Param(Time value) : value_(to_micros(value)) {}
  Param(Uuid value) : value_(value.text()) {}
  template <typename T>
  Param(const std::optional<T>& value) {
    if (value) *this = Param(*value);
  }

  Param(Value value) : value_(std::move(value)) {}

  const Value& value() const { return value_; }

 private:
  Value value_;
};

using Params = std::vector<Param>;

/// One row of an answer; columns by position, in the order of the SELECT.
/// A null or a value of another type where none is allowed throws Fatal: the
/// statement and its reader disagree.
class Row {
 public:
  explicit Row(std::span<const Value> cells) : cells_(cells) {}

  bool is_null(std::size_t column) const { return std::holds_alternative<std::monostate>(cells_[column]); }
  std::int64_t integer(std::size_t column) const;
  double number(std::size_t column) const;
  const std::string& text(std::size_t column) const;
  bool boolean(std::size_t column) const { return integer(column) != 0; }
  Time time(std::size_t column) const { return from_micros(integer(column)); }
  Uuid uuid(std::size_t column) const;

  std::optional<std::int64_t> find_integer(std::size_t column) const;
  std::optional<double> find_number(std::size_t column) const;
  std::optional<std::string> find_text(std::size_t column) const;
  std::optional<Time> find_time(std::size_t column) const;
  std::optional<Uuid> find_uuid(std::size_t column) const;
  /// As the database gave it.
  const Value& value(std::size_t column) const { return cells_[column]; }
  std::size_t size() const { return cells_.size(); }

 private:
  std::span<const Value> cells_;
};

/// Reads the columns of a row one after the other into variables, by their
/// types: `Reader{row} >> run.dag_id >> run.state >> run.note;`
class Reader {
 public:
  explicit Reader(Row row) : row_(row) {}

  Reader& operator>>(std::string& out) { return out = row_.text(next_++), *this; }
  Reader& operator>>(std::int64_t& out) { return out = row_.integer(next_++), *this; }
  Reader& operator>>(int& out) { return out = static_cast<int>(row_.integer(next_++)), *this; }
  Reader& operator>>(bool& out) { return out = row_.boolean(next_++), *this; }
  Reader& operator>>(double& out) { return out = row_.number(next_++), *this; }
  Reader& operator>>(Time& out) { return out = row_.time(next_++), *this; }
  Reader& operator>>(Uuid& out) { return out = row_.uuid(next_++), *this; }
  Reader& operator>>(std::optional<std::string>& out) { return out = row_.find_text(next_++), *this; }
  Reader& operator>>(std::optional<std::int64_t>& out) { return out = row_.find_integer(next_++), *this; }
  Reader& operator>>(std::optional<double>& out) { return out = row_.find_number(next_++), *this; }
  Reader& operator>>(std::optional<Time>& out) { return out = row_.find_time(next_++), *this; }
  Reader& operator>>(std::optional<Uuid>& out) { return out = row_.find_uuid(next_++), *this; }

 private:
  Row row_;
  std::size_t next_ = 0;
};

/// An answer, complete in memory. Rows stay valid as long as it lives.
class Rows {
 public:
  Rows(std::size_t columns, std::vector<Value> cells) : columns_(columns), cells_(std::move(cells)) {}

  std::size_t size() const { return columns_ == 0 ? 0 : cells_.size() / columns_; }
  bool empty() const { return cells_.empty(); }
  Row operator[](std::size_t index) const {
    return Row(std::span(cells_).subspan(index * columns_, columns_));
  }

  class Iterator {
   public:
    Iterator(const Rows& rows, std::size_t index) : rows_(&rows), index_(index) {}
    Row operator*() const { return (*rows_)[index_]; }
    Iterator& operator++() { return ++index_, *this; }
    bool operator!=(const Iterator& other) const { return index_ != other.index_; }

   private:
    const Rows* rows_;
    std::size_t index_;
  };
  Iterator begin() const { return {*this, 0}; }
  Iterator end() const { return {*this, size()}; }

 private:
  std::size_t columns_;
  std::vector<Value> cells_;
};

/// A violated UNIQUE or PRIMARY KEY. The one database error that is an answer.
class UniqueViolation : public Fatal {
 public:
  using Fatal::Fatal;
};

/// The database cannot be reached or refuses to work (disk full, read only).
class Unavailable : public Fatal {
 public:
  using Fatal::Fatal;
};

/// A statement of a reader took longer than readers may.
class TooSlow : public Unavailable {
 public:
  using Unavailable::Unavailable;
};

/// How many statements a connection keeps prepared: what clients ask for makes ever new ones.
inline constexpr std::size_t kMostStatements = 500;

/// One connection. Not thread safe. Any call may throw Unavailable, or Fatal
/// for a statement that the database does not understand.
class Session {
 public:
  virtual ~Session() = default;

  virtual Rows query(std::string_view sql, std::span<const Param> params) = 0;
  /// Shows every row of an answer that is too large to be kept; a row is valid while it is shown.
  /// @param show must not use this session.
  virtual void each(std::string_view sql, std::span<const Param> params,
                    const std::function<void(Row)>& show) = 0;
  /// @returns the number of rows inserted, changed or deleted.
  virtual std::int64_t execute(std::string_view sql, std::span<const Param> params) = 0;
  /// The same statement for many rows, in one round trip where there are any.
  virtual void execute_many(std::string_view sql, std::span<const Params> rows) = 0;
  /// Several statements separated by semicolons, without arguments.
  virtual void execute_script(std::string_view sql) = 0;

  Rows query(std::string_view sql, std::initializer_list<Param> params = {}) {
    return query(sql, std::span(params.begin(), params.size()));
  }
  std::int64_t execute(std::string_view sql, std::initializer_list<Param> params = {}) {
    return execute(sql, std::span(params.begin(), params.size()));
  }

  virtual void begin() = 0;
  /// Durable once it returns.
  virtual void commit() = 0;
  virtual void rollback() noexcept = 0;
  /// By the database's clock.
  virtual Time now() = 0;
  /// Whether the connection can be used again.
  virtual bool healthy() const = 0;
};

/// Rolls back unless committed.
class Transaction {
 public:
  explicit Transaction(Session& session) : session_(&session) { session_->begin(); }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction() {
    if (session_ != nullptr) session_->rollback();
  }
  void commit() {
    session_->commit();
    session_ = nullptr;
  }

 private:
  Session* session_;
};

}  // namespace leoflow::store
