#include "dag/encoded.hpp"

namespace leoflow::dag {

json::value plain(const json::value& encoded) {
  if (encoded.is_array()) {
    json::array out;
    for (const json::value& item : encoded.get_array()) out.push_back(plain(item));
    return out;
  }
  if (!encoded.is_object()) return encoded;
  const json::value* inner = find(encoded, "__var");
  if (inner != nullptr && find(encoded, "__type") != nullptr) return plain(*inner);
  json::object out;
  for (const auto& [key, value] : encoded.get_object()) out[key] = plain(value);
  return out;
}

}  // namespace leoflow::dag
