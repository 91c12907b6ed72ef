#pragma once

#include <vector>

#include "dag/timetable.hpp"

namespace leoflow::dag {

/// EventsTimetable: at listed times, each once.
class EventsTimetable final : public Timetable {
 public:
  /// @param events  in order, without repetition.
  /// @param restrict_to_events  a run that somebody asks for is the newest event's, not that time's.
  EventsTimetable(std::vector<Time> events, bool restrict_to_events, std::string summary,
                  std::string description)
      : events_(std::move(events)),
        restrict_to_events_(restrict_to_events),
        summary_(std::move(summary)),
        description_(std::move(description)) {}

  std::optional<RunInfo> next(const std::optional<RunInfo>& last, const Restriction& restriction,
                              Time now) const override;
  DataInterval manual_interval(Time run_after) const override;
  std::string summary() const override { return summary_; }
  std::string description() const override { return description_; }

 private:
  std::vector<Time> events_;
  bool restrict_to_events_;
  std::string summary_;
  std::string description_;
};

}  // namespace leoflow::dag
