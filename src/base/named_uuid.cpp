#include "base/named_uuid.hpp"

#include <charconv>

#include "base/text.hpp"

namespace leoflow {

Uuid named_uuid(std::string_view name) {
  const std::string hash = sha256_hex(name);
  Uuid id;
  for (std::size_t i = 0; i < id.bytes.size(); ++i)
    std::from_chars(hash.data() + 2 * i, hash.data() + 2 * i + 2, id.bytes[i], 16);
  return id;
}

}  // namespace leoflow
