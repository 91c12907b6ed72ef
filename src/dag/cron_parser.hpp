#pragma once

#include "dag/cron.hpp"

namespace leoflow::dag {

/// Reads one cron expression; see Cron::parse.
class CronParser {
 public:
  Result<Cron> parse(std::string_view expression);

 private:
  struct Field {
    std::string_view name;
    int first;
    int last;
    std::vector<std::string> names;  ///< of the values from `first` on
  };

  template <std::size_t size>
  bool read(const Field& field, std::string_view text, std::bitset<size>& out);
  bool read_days(std::string_view text, Cron& cron);
  bool read_weekdays(std::string_view text, Cron& cron);
  std::optional<int> value(const Field& field, std::string_view text);
  bool refuse(std::string_view field, std::string_view text);

  std::string error_;
};

}  // namespace leoflow::dag
