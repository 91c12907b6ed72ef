#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "base/result.hpp"
#include "store/sql.hpp"

namespace leoflow::engine {

/// What decisions read with. It outlives each connection: while the database is away, who asks waits for the
/// next one.
class PatientSession final : public store::Session {
 public:
  using Work = std::function<void(store::Session&)>;
  /// @param read  does it with a connection, and again with the next one if that is lost
  explicit PatientSession(std::function<void(const Work&)> read) : read_(std::move(read)) {}

  using store::Session::execute;
  using store::Session::query;

  store::Rows query(std::string_view sql, std::span<const store::Param> params) override {
    std::optional<store::Rows> out;
    read_([&](store::Session& session) { out = session.query(sql, params); });
    return std::move(*out);
  }
  void each(std::string_view sql, std::span<const store::Param> params,
            const std::function<void(store::Row)>& show) override {
    for (const store::Row row : query(sql, params)) show(row);
  }
  std::int64_t execute(std::string_view, std::span<const store::Param>) override { refuse(); }
  void execute_many(std::string_view, std::span<const store::Params>) override { refuse(); }
  void execute_script(std::string_view) override { refuse(); }
  void begin() override { refuse(); }
  void commit() override { refuse(); }
  void rollback() noexcept override {}
  Time now() override {
    Time out;
    read_([&](store::Session& session) { out = session.now(); });
    return out;
  }
  bool healthy() const override { return true; }

 private:
  [[noreturn]] static void refuse() { throw Fatal("a decision writes nothing"); }

  std::function<void(const Work&)> read_;
};

}  // namespace leoflow::engine
