#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace leoflow::objects {

/// A request to a store.
struct Order {
  std::string_view method{};
  std::string host{};                            ///< as in the header Host
  std::string path{};                            ///< percent-encoded
  std::map<std::string, std::string> headers{};  ///< names in lower case
  std::string_view body{};
};

/// Says in its headers who asks. Thread safe; may block.
class Authorizer {
 public:
  virtual ~Authorizer() = default;
  /// Errors: those of whoever gives credentials, none of which is not_found.
  virtual Result<void> authorize(Order& order) = 0;
};

}  // namespace leoflow::objects
