#pragma once

#include <array>
#include <chrono>
#include <string_view>

#include "base/metrics.hpp"
#include "gen/operations.hpp"

namespace leoflow::api {

/// What the API counts. Thread safe.
class ApiMetrics {
 public:
  // Beside the operations of the API:
  static constexpr std::size_t kPages = gen::kOperationCount;            ///< pages and files of the UI
  static constexpr std::size_t kPlugins = gen::kOperationCount + 1;      ///< applications of plugins
  static constexpr std::size_t kNoOperation = gen::kOperationCount + 2;  ///< of no path or method of the API
  static constexpr std::size_t kCount = gen::kOperationCount + 3;

  struct Operation {
    std::array<metrics::Counter, 5> answers;  ///< by the first digit of the status, from 1
    metrics::Histogram durations;             ///< of a stream until its first part
  };

  void record(std::size_t operation, int status, std::chrono::nanoseconds took);

  const Operation& operation(std::size_t index) const { return operations_[index]; }
  static std::string_view name(std::size_t index);

  // Refusals: a wrong password, too many of them, a bad or revoked token, a role that may not.
  metrics::Counter wrong_passwords;
  metrics::Counter too_many_tries;
  metrics::Counter bad_tokens;
  metrics::Counter forbidden;

 private:
  std::array<Operation, kCount> operations_;
};

}  // namespace leoflow::api
