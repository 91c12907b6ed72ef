#include "dag/timetable_python.hpp"

#include "dag/encoded.hpp"

namespace leoflow::dag {

PythonTimetable::PythonTimetable(json::value encoded) : encoded_(std::move(encoded)) {
  const json::value& facts = child(encoded_, "__facts");
  const std::string type = get_text(encoded_, "__type");
  summary_ = get_text(facts, "summary", type.substr(type.rfind('.') + 1));
  description_ = get_text(facts, "description");
  is_periodic_ = get_bool(facts, "periodic", true);
  active_runs_limit_ = find_int(facts, "active_runs_limit");
  is_partitioned_ = get_bool(facts, "partitioned", false);
  is_partitioned_at_runtime_ = get_bool(facts, "partitioned_at_runtime", false);
}

}  // namespace leoflow::dag
