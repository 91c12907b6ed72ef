#include "objects/signature.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/text.hpp"
#include "base/time_text.hpp"

namespace leoflow::objects {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

std::string hmac_sha256(std::string_view key, std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size) == nullptr) {
    throw Fatal("OpenSSL: HMAC failed");
  }
  return {reinterpret_cast<const char*>(digest), size};
}

/// "20130524T000000Z"
std::string compact(Time time) {
  std::string out = to_iso_z(std::chrono::floor<std::chrono::seconds>(time));
  std::erase_if(out, [](char c) { return c == '-' || c == ':'; });
  return out;
}

}  // namespace

// libcurl signs, too, but until 8.17 other paths than those with plain letters wrongly, and ours have '=',
// '+', ':'.
void sign(Order& order, const AwsKeys& keys, const std::string& region, Time now) {
  const std::string date = compact(now);
  const std::string body_hash = sha256_hex(order.body);
  auto& headers = order.headers;
  headers["x-amz-date"] = date;
  headers["x-amz-content-sha256"] = body_hash;
  if (!keys.session_token.empty()) headers["x-amz-security-token"] = keys.session_token;

  auto all = headers;
  all["host"] = order.host;
  std::string lines;
  std::string names;
  for (const auto& [name, value] : all) {
    lines += fmt::format("{}:{}\n", name, trim(value));
    names += (names.empty() ? "" : ";") + name;
  }
  const std::string request =
      fmt::format("{}\n{}\n\n{}\n{}\n{}", order.method, order.path, lines, names, body_hash);
  const std::string day = date.substr(0, 8);
  const std::string scope = fmt::format("{}/{}/s3/aws4_request", day, region);
  const std::string to_sign = fmt::format("{}\n{}\n{}\n{}", kAlgorithm, date, scope, sha256_hex(request));
  std::string key = "AWS4" + keys.secret;
  for (const std::string_view part : {std::string_view(day), std::string_view(region), std::string_view("s3"),
                                      std::string_view("aws4_request")}) {
    key = hmac_sha256(key, part);
  }
  headers["authorization"] = fmt::format("{} Credential={}/{},SignedHeaders={},Signature={}", kAlgorithm,
                                         keys.id, scope, names, to_hex(hmac_sha256(key, to_sign)));
}

}  // namespace leoflow::objects
