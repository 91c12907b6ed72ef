#pragma once

#include <string>

#include "base/clock.hpp"
#include "objects/order.hpp"

namespace leoflow::objects {

struct AwsKeys {
  std::string id;
  std::string secret;
  std::string session_token{};  ///< "" for keys that do not expire
};

/// Signs a request to S3 by AWS's Signature Version 4: adds x-amz-date, x-amz-content-sha256,
/// x-amz-security-token and authorization. All headers that are there already are signed.
void sign(Order& order, const AwsKeys& keys, const std::string& region, Time now);

}  // namespace leoflow::objects
