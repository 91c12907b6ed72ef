#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

/// What a process counts about itself, and Prometheus' text form of it. Counting takes no lock.
namespace leoflow::metrics {

class Counter {
 public:
  void add(std::uint64_t more = 1) { value_.fetch_add(more, std::memory_order_relaxed); }
  /// For one that mirrors a count kept elsewhere.
  void set(std::uint64_t value) { value_.store(value, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

/// How long something took, by upper bounds. A reader may see a sum that is a moment newer than the counts.
class Histogram {
 public:
  static constexpr std::size_t kBounds = 12;
  using Bounds = std::array<double, kBounds>;  ///< seconds, ascending
  /// Of what the server does itself, and of what users wait for.
  static constexpr Bounds kQuick{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1, 5, 30};
  static constexpr Bounds kLong{.05, .1, .25, .5, 1, 5, 15, 60, 300, 1800, 7200, 43200};

  explicit Histogram(const Bounds& bounds = kQuick) : bounds_(&bounds) {}

  void observe(std::chrono::nanoseconds took);

  const Bounds& bounds() const { return *bounds_; }
  /// Not cumulative; the last is of those above all bounds.
  std::uint64_t count(std::size_t bucket) const { return counts_[bucket].load(std::memory_order_relaxed); }
  double sum() const { return static_cast<double>(sum_.load(std::memory_order_relaxed)) / 1e9; }
  bool is_empty() const;

 private:
  const Bounds* bounds_;
  std::array<std::atomic<std::uint64_t>, kBounds + 1> counts_{};
  std::atomic<std::int64_t> sum_ = 0;  ///< nanoseconds
};

/// Observes the time until it is destroyed.
class Stopwatch {
 public:
  explicit Stopwatch(Histogram& histogram) : histogram_(histogram) {}
  ~Stopwatch() { histogram_.observe(std::chrono::steady_clock::now() - start_); }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  Histogram& histogram_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Names and values.
using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

/// Prometheus' text form, one family after the other.
class Page {
 public:
  /// Begins a family. @param type "counter", "gauge" or "histogram".
  void family(std::string_view name, std::string_view type, std::string_view help);
  /// Of the family that was begun last.
  void sample(double value, Labels labels = {});
  void sample(const Counter& counter, Labels labels = {}) {
    sample(static_cast<double>(counter.value()), labels);
  }
  void sample(const Histogram& histogram, Labels labels = {});

  /// A family of one sample.
  template <typename Value>
  void only(std::string_view name, std::string_view type, std::string_view help, const Value& value) {
    family(name, type, help);
    sample(value);
  }

  const std::string& text() const { return text_; }

 private:
  void line(std::string_view suffix, Labels labels, std::string_view bound, double value);

  std::string family_;
  std::string text_;
};

}  // namespace leoflow::metrics
