#include <algorithm>
#include <fmt/format.h>

#include "dag/dag.hpp"
#include "dag/encoded.hpp"
#include "dag/expansion.hpp"

// Source: Airflow 3.3.2, serialization of expand inputs and XComArgs.
namespace leoflow::dag {
namespace {

class ExpansionReader {
 public:
  explicit ExpansionReader(const Dag& dag) : dag_(dag) {}

  Result<Expansion> read(const json::value& input) {
    const std::string type = get_text(input, "type");
    const json::value* value = find(input, "value");
    if (value == nullptr) return fail(ErrorCode::invalid, "an expand input has no value");
    if (type == "list-of-dicts") {
      add_argument(*value);
    } else if (type == "dict-of-lists") {
      const json::value& arguments = unwrap(*value);
      if (!arguments.is_object())
        return fail(ErrorCode::invalid, "the arguments of expand() are not a mapping");
      for (const auto& [name, argument] : arguments.get_object()) add_argument(argument);
    } else {
      return fail(ErrorCode::invalid, fmt::format("unknown expand input '{}'", type));
    }
    if (!error_.empty()) return fail(ErrorCode::invalid, error_);
    return std::move(expansion_);
  }

 private:
  void add_argument(const json::value& argument) {
    if (get_text(argument, "__type") == "xcomref") {
      expansion_.arguments.push_back(read_xcom(unwrap(argument)));
      return;
    }
    const json::value& items = unwrap(argument);
    MapLength length;
    if (items.is_array()) {
      length.count = static_cast<std::uint32_t>(items.get_array().size());
    } else if (items.is_object()) {
      length.count = static_cast<std::uint32_t>(items.get_object().size());
    } else {
      error_ = "an argument of expand() is neither a list nor a mapping nor an XCom";
    }
    expansion_.arguments.push_back(std::move(length));
  }

  MapLength read_xcom(const json::value& xcom) {
    const std::string type = get_text(xcom, "type");
    MapLength length;
    if (type.empty()) {
      const std::string task_id = get_text(xcom, "task_id");
      const auto task = dag_.find_task(task_id);
      if (!task) {
        error_ = fmt::format("it is mapped over an XCom of the unknown task '{}'", task_id);
        return length;
      }
      length.kind = MapLength::Kind::xcom;
      length.task = *task;
      if (std::ranges::find(expansion_.sources, *task) == expansion_.sources.end()) {
        expansion_.sources.push_back(*task);
      }
      return length;
    }
    if (type == "map") return read_xcom(child(xcom, "arg"));
    if (type != "zip" && type != "concat") {
      error_ = fmt::format("unknown kind of XCom '{}'", type);
      return length;
    }
    length.kind = type == "concat"          ? MapLength::Kind::concat
                  : find(xcom, "fillvalue") ? MapLength::Kind::zip_longest
                                            : MapLength::Kind::zip;
    if (const json::value& parts = child(xcom, "args"); parts.is_array()) {
      for (const json::value& part : parts.get_array()) length.parts.push_back(read_xcom(part));
    }
    return length;
  }

  const Dag& dag_;
  Expansion expansion_;
  std::string error_;
};

}  // namespace

Result<Expansion> read_expansion(const json::value& input, const Dag& dag) {
  return ExpansionReader(dag).read(input);
}

}  // namespace leoflow::dag
