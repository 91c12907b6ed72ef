#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "store/database.hpp"

namespace leoflow::engine {

/// Who leads, as the database knows it.
struct Leader {
  std::int64_t epoch = 0;  ///< grows with each election; 0: nobody ever led
  std::string holder;      ///< unique to a process
  std::string url;         ///< at which it answers to the others: "http://10.0.0.7:8080"
  Time seen_at;            ///< by the clock of the database
  Duration silence{};      ///< since then, by the same clock
};

/// Another process leads: what is in the memory of this one is not true any more.
class Deposed : public Fatal {
 public:
  using Fatal::Fatal;
};

/// Makes one of several processes on one PostgreSQL the only one that writes. The connection that writes
/// holds a lock of the database: who loses the lock has lost the connection, and with it whatever it had not
/// committed. So nobody has to ask before each commit whether he may. The epoch tells one that connects again
/// whether somebody else led in between. Clocks of the machines do not matter.
class Leadership {
 public:
  /// One that is silent for so long is taken for hung ...
  static constexpr std::chrono::seconds kSilence{3};
  /// ... and cut off if its connection is still the same then: one that has just won says so in a moment.
  static constexpr std::chrono::seconds kDoubt{1};

  /// @param url  at which the others reach this process
  Leadership(store::Database& database, std::string url);

  /// Nothing if nobody ever led. Throws store::Unavailable.
  static std::optional<Leader> look(store::Session& session);

  /// Leads from now on, unless another one does and is not hung. @param session  may write, and nobody else
  /// may, if this process leads. Throws store::Unavailable.
  bool elect(store::Session& session);
  /// The writer's connection was lost: another one. Throws Deposed, or store::Unavailable: that includes that
  /// the database does not know yet that the old one is gone.
  std::unique_ptr<store::Session> connect_again();
  /// Says that this process is well. Throws Deposed, store::Unavailable.
  void beat(store::Session& session) const;

  /// Of the last election that was won.
  std::int64_t epoch() const { return epoch_; }
  const std::string& holder() const { return holder_; }

 private:
  bool try_lock(store::Session& session) const;
  /// Whose connection holds the lock; 0 for nobody's.
  static std::int64_t holder_of_lock(store::Session& session);
  /// Of a leader that is silent: ends its connection, if that was the one some time ago, too.
  void cut_off_if_hung(store::Session& session);

  store::Database& database_;
  const std::string holder_;
  const std::string url_;
  std::int64_t suspect_ = 0;  ///< connection of a leader that is silent
  std::chrono::steady_clock::time_point suspect_since_{};
  std::atomic<std::int64_t> epoch_{0};  ///< not changed while the engine runs
};

}  // namespace leoflow::engine
