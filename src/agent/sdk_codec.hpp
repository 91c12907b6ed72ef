#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace leoflow::agent {

/// What a task's process asks its supervisor.
struct SdkRequestFrame {
  std::int64_t id = 0;
  json::value body;      ///< an object, unless there is an error
  std::string type;      ///< body["type"], "" if it has none
  std::size_t size = 0;  ///< bytes of the payload
  std::string error;     ///< why the body cannot be read, "" if it can
};

/// Reads the msgpack array `[id, body, context]` of a request. Instants become
/// ISO 8601 text, as in the SDK's JSON. A payload that is not such an array gives
/// `error`, and the id if it was readable.
SdkRequestFrame decode_request(std::string_view payload);

/// Whether a task tells by a request of that type how it ended.
bool is_final(std::string_view type);

/// The msgpack array `[id, body, error]` of a response.
/// @param body, error  JSON texts; "" for nil. JSON that does not parse becomes an error.
std::string encode_response(std::int64_t id, std::string_view body, std::string_view error);

/// JSON of the SDK's ErrorResponse for a request that cannot be served.
std::string generic_error(std::string_view message);

}  // namespace leoflow::agent
