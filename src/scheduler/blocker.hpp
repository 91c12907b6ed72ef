#pragma once

#include <string>

namespace leoflow::scheduler {

/// One reason why a task instance is not running now.
struct Blocker {
  std::string name;    ///< what holds it back, as Airflow calls the dependency
  std::string reason;  ///< a sentence for people, with the values
  friend bool operator==(const Blocker&, const Blocker&) = default;
};

}  // namespace leoflow::scheduler
