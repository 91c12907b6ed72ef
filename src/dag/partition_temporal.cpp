#include "dag/partition_temporal.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "dag/encoded.hpp"
#include "dag/read_zone.hpp"

// Keys that are times: the start of an hour, a day, ... a year.
namespace leoflow::dag {
namespace {

namespace chrono = std::chrono;

enum class Period : std::uint8_t { hour, day, week, month, quarter, year };

constexpr std::string_view kQuarter = "{quarter}";

WallTime start_of(Period period, WallTime time) {
  if (period == Period::hour) return chrono::floor<chrono::hours>(time);
  const auto day = chrono::floor<chrono::days>(time);
  const chrono::year_month_day date(day);
  const auto month = static_cast<unsigned>(date.month());
  switch (period) {
    case Period::week:
      return day - chrono::days{chrono::weekday(day).iso_encoding() - 1};
    case Period::month:
      return chrono::local_days{date.year() / date.month() / 1};
    case Period::quarter:
      return chrono::local_days{date.year() / chrono::month{(month - 1) / 3 * 3 + 1} / 1};
    case Period::year:
      return chrono::local_days{date.year() / chrono::January / 1};
    default:
      return day;
  }
}

unsigned quarter_of(WallTime time) {
  const chrono::year_month_day date(chrono::floor<chrono::days>(time));
  return (static_cast<unsigned>(date.month()) - 1) / 3 + 1;
}

/// Reads a key of a week or a quarter by the shape of its format alone: the number of the
/// week would not tell the date. @returns the value of each directive; empty if it has another shape.
std::map<char, int> read_shape(std::string_view format, std::string_view key) {
  std::map<char, int> out;
  std::size_t at = 0;
  const auto take = [&](char name, std::size_t digits) {
    const std::string_view text = key.substr(std::min(at, key.size()), digits);
    const bool fine =
        text.size() == digits && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
    if (fine) out[name] = std::stoi(std::string(text));
    at += digits;
    return fine;
  };
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] == '%' && i + 1 < format.size() &&
        std::string_view("YmdHMSVUW").find(format[i + 1]) != std::string_view::npos) {
      ++i;
      if (!take(format[i], format[i] == 'Y' ? 4 : 2)) return {};
    } else if (format.substr(i).starts_with(kQuarter)) {
      if (!take('q', 1) || out['q'] < 1 || out['q'] > 4) return {};
      i += kQuarter.size() - 1;
    } else if (at >= key.size() || key[at++] != format[i]) {
      return {};
    }
  }
  return at == key.size() ? out : std::map<char, int>{};
}

class TemporalMapper final : public PartitionMapper {
 public:
  TemporalMapper(Period period, TimeZone zone, TimeFormat input, TimeFormat output)
      : period_(period), zone_(std::move(zone)), input_(std::move(input)), output_(std::move(output)) {}

  Result<std::vector<std::string>> to_downstream(const std::string& key) const override {
    const auto time = input_.parse(key);
    if (!time) return std::unexpected(time.error());
    const Time instant = time->offset ? Time{time->wall.time_since_epoch() - *time->offset}
                                      : zone_.to_utc(time->wall);
    return std::vector{format(in_zone(start_of(period_, zone_.to_wall(instant))))};
  }

  Result<DecodedKey> decode_downstream(const std::string& key) const override {
    if (period_ == Period::week || period_ == Period::quarter) return decode_shape(key);
    const auto time = output_.parse(key);
    if (!time) return std::unexpected(time.error());
    return DecodedKey(*time);
  }

  Result<std::string> encode_upstream(const DecodedKey& decoded) const override {
    const auto* time = std::get_if<SpelledTime>(&decoded);
    if (time == nullptr) return fail(ErrorCode::invalid, "a text where the partition mapper expects a time");
    const Time instant = time->offset ? Time{time->wall.time_since_epoch() - *time->offset}
                                      : zone_.to_utc(time->wall);
    return input_.write(in_zone(zone_.to_wall(instant)));
  }

  Result<std::optional<Time>> to_partition_date(const std::string& key) const override {
    const auto decoded = decode_downstream(key);
    if (!decoded) return std::unexpected(decoded.error());
    const auto& time = std::get<SpelledTime>(*decoded);
    const WallTime start = start_of(period_, time.wall);
    return time.offset ? Time{start.time_since_epoch() - *time.offset} : zone_.to_utc(start);
  }

  std::string format(const DecodedKey& decoded) const override {
    const auto* time = std::get_if<SpelledTime>(&decoded);
    if (time == nullptr) return std::get<std::string>(decoded);
    std::string out = output_.write(*time);
    if (period_ != Period::quarter) return out;
    for (auto at = out.find(kQuarter); at != std::string::npos; at = out.find(kQuarter)) {
      out.replace(at, kQuarter.size(), std::to_string(quarter_of(time->wall)));
    }
    return out;
  }

 private:
  SpelledTime in_zone(WallTime wall) const {
    const auto offset = wall.time_since_epoch() - zone_.to_utc(wall).time_since_epoch();
    return {wall, chrono::duration_cast<chrono::seconds>(offset)};
  }

  Result<DecodedKey> decode_shape(const std::string& key) const {
    const auto found = read_shape(output_.text(), key);
    const bool is_week = period_ == Period::week;
    const bool fine = found.contains('Y') && (is_week ? found.contains('m') && found.contains('d')
                                                      : found.contains('q'));
    if (!fine) {
      return fail(ErrorCode::invalid,
                  fmt::format("{}.decode_downstream could not parse '{}' with output_format '{}'",
                              is_week ? "StartOfWeekMapper" : "StartOfQuarterMapper", key, output_.text()));
    }
    const int month = is_week ? found.at('m') : (found.at('q') - 1) * 3 + 1;
    const int day = is_week ? found.at('d') : 1;
    const chrono::year_month_day date = chrono::year{found.at('Y')} /
                                        chrono::month{static_cast<unsigned>(month)} /
                                        chrono::day{static_cast<unsigned>(day)};
    if (!date.ok()) return fail(ErrorCode::invalid, fmt::format("'{}' is no date", key));
    return DecodedKey(SpelledTime{chrono::local_days{date}, std::nullopt});
  }

  Period period_;
  TimeZone zone_;
  TimeFormat input_;
  TimeFormat output_;
};

}  // namespace

Result<std::shared_ptr<PartitionMapper>> read_temporal_mapper(std::string_view name, const json::value& fields) {
  static constexpr std::pair<std::string_view, Period> kPeriods[] = {
      {"StartOfHourMapper", Period::hour},       {"StartOfDayMapper", Period::day},
      {"StartOfWeekMapper", Period::week},       {"StartOfMonthMapper", Period::month},
      {"StartOfQuarterMapper", Period::quarter}, {"StartOfYearMapper", Period::year}};
  const auto* found = std::ranges::find(kPeriods, name, &std::pair<std::string_view, Period>::first);
  if (found == std::end(kPeriods)) return nullptr;
  auto zone = read_zone(fields);
  if (!zone) return std::unexpected(zone.error());
  auto input = TimeFormat::of(get_text(fields, "input_format"));
  auto output = TimeFormat::of(get_text(fields, "output_format"));
  if (!input || !output) return nullptr;
  // Python fills in other placeholders, and unescapes braces.
  std::string braces = output->text();
  if (found->second == Period::quarter || found->second == Period::week) {
    if (const auto at = braces.find(kQuarter); at != std::string::npos && found->second == Period::quarter) {
      braces.erase(at, kQuarter.size());
    }
    if (braces.find_first_of("{}") != std::string::npos) return nullptr;
  }
  return std::make_shared<TemporalMapper>(found->second, std::move(*zone), std::move(*input),
                                                std::move(*output));
}

}  // namespace leoflow::dag
