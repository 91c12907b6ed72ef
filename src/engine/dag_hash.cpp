#include "engine/dag_hash.hpp"

#include <algorithm>
#include <vector>

#include "base/text.hpp"

namespace leoflow::engine {
namespace {

bool is_place(json::string_view key) {
  return key == "fileloc" || key == "_processor_dags_folder";
}

void write_sorted(const json::value& value, std::string& out) {
  if (const auto* object = value.if_object()) {
    std::vector<const json::key_value_pair*> members;
    for (const auto& member : *object) {
      if (!is_place(member.key())) members.push_back(&member);
    }
    std::ranges::sort(members, {}, [](const auto* member) { return member->key(); });
    out += '{';
    for (const auto* member : members) {
      out += json::serialize(json::string(member->key()));
      out += ':';
      write_sorted(member->value(), out);
      out += ',';
    }
    out += '}';
  } else if (const auto* array = value.if_array()) {
    out += '[';
    for (const json::value& item : *array) {
      write_sorted(item, out);
      out += ',';
    }
    out += ']';
  } else {
    out += json::serialize(value);
  }
}

}  // namespace

std::string dag_hash(const json::value& serialized) {
  std::string canonical;
  write_sorted(serialized, canonical);
  return sha256_hex(canonical);
}

}  // namespace leoflow::engine
