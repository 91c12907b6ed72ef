#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "http/message.hpp"

namespace leoflow::api {

/// Whose X-Forwarded-For is believed: that of proxies between browsers and us. By default nobody's.
class TrustedProxies {
 public:
  /// @param text  addresses and networks with commas, such as `10.0.0.0/8, ::1`, or `*` for everybody.
  /// Errors: invalid, naming the entry that is neither.
  static Result<TrustedProxies> parse(std::string_view text);

  /// The address of who sent a request: the last one on its way that is no proxy of ours.
  std::string client_of(const http::Request& request) const;

 private:
  /// Of IPv6; IPv4 is a part of it.
  using Address = std::array<std::uint8_t, 16>;
  struct Network {
    Address first;
    unsigned prefix;  ///< bits
  };

  static bool read(std::string_view text, Address& out);
  bool contains(const Address& address) const;

  std::vector<Network> networks_;
};

}  // namespace leoflow::api
