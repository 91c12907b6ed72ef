#include "dag/partition_window.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "dag/encoded.hpp"

namespace leoflow::dag {
namespace {

namespace chrono = std::chrono;

enum class Step : std::uint8_t { minute, hour, day, month };

WallTime advance(WallTime time, Step step, int count) {
  switch (step) {
    case Step::minute:
      return time + chrono::minutes{count};
    case Step::hour:
      return time + chrono::hours{count};
    case Step::day:
      return time + chrono::days{count};
    case Step::month:
      break;
  }
  const auto day = chrono::floor<chrono::days>(time);
  return chrono::local_days{chrono::year_month_day(day) + chrono::months{count}} + (time - day);
}

/// So many steps from the start of the period on, or up to it.
class SteppedWindow final : public PartitionWindow {
 public:
  SteppedWindow(std::string name, Step step, int count, bool backward)
      : name_(std::move(name)), step_(step), count_(count), is_backward_(backward) {}

  Result<std::vector<DecodedKey>> members(const DecodedKey& period) const override {
    const auto* start = std::get_if<SpelledTime>(&period);
    if (start == nullptr) return fail(ErrorCode::invalid, fmt::format("{} expects a time", name_));
    const auto date = chrono::year_month_day(chrono::floor<chrono::days>(start->wall));
    const bool is_month = count_ == 0;
    if ((is_month || step_ == Step::month) && date.day() != chrono::day{1}) {
      return fail(ErrorCode::invalid, fmt::format("{} expects a period start on day 1 of the month", name_));
    }
    int first = is_backward_ ? 1 - count_ : 0;
    int count = count_;
    if (is_month) {  // its days; backward those after the first of the month before
      const WallTime other = advance(start->wall, Step::month, is_backward_ ? -1 : 1);
      count = static_cast<int>(chrono::abs(chrono::round<chrono::days>(other - start->wall)).count());
      first = is_backward_ ? 1 - count : 0;
    }
    std::vector<DecodedKey> out;
    for (int i = 0; i < count; ++i) {
      out.emplace_back(SpelledTime{advance(start->wall, step_, first + i), start->offset});
    }
    return out;
  }

 private:
  std::string name_;
  Step step_;
  int count_;  ///< 0: the days of a month
  bool is_backward_;
};

/// The same keys, whatever the period.
class SegmentWindow final : public PartitionWindow {
 public:
  explicit SegmentWindow(std::vector<std::string> segments) : segments_(std::move(segments)) {}
  Result<std::vector<DecodedKey>> members(const DecodedKey&) const override {
    return std::vector<DecodedKey>(segments_.begin(), segments_.end());
  }

 private:
  std::vector<std::string> segments_;
};

}  // namespace

Result<std::shared_ptr<const PartitionWindow>> read_partition_window(const json::value& encoded) {
  struct Stepped {
    std::string_view name;
    Step step;
    int count;
  };
  static constexpr Stepped kStepped[] = {
      {"HourWindow", Step::minute, 60}, {"DayWindow", Step::hour, 24},      {"WeekWindow", Step::day, 7},
      {"MonthWindow", Step::day, 0},    {"QuarterWindow", Step::month, 3}, {"YearWindow", Step::month, 12}};
  constexpr std::string_view kModule = "airflow.partition_mappers.window.";
  const std::string type = get_text(encoded, "__type");
  if (!type.starts_with(kModule)) return nullptr;
  const std::string_view name = std::string_view(type).substr(kModule.size());
  const json::value& fields = child(encoded, "__var");
  if (name == "SegmentWindow") {
    auto segments = read_texts(fields, "segments");
    if (segments.empty()) return fail(ErrorCode::invalid, "a SegmentWindow needs segments");
    std::ranges::sort(segments);
    return std::make_shared<const SegmentWindow>(std::move(segments));
  }
  const auto* found = std::ranges::find(kStepped, name, &Stepped::name);
  if (found == std::end(kStepped)) return nullptr;
  return std::make_shared<const SteppedWindow>(std::string(name), found->step, found->count,
                                               get_text(fields, "direction") == "backward");
}

}  // namespace leoflow::dag
