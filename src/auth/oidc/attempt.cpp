#include "auth/oidc/attempt.hpp"

#include <array>
#include <openssl/evp.h>

#include "base/ids.hpp"
#include "base/text.hpp"

namespace leoflow::auth::oidc {
namespace {

constexpr std::string_view kAudience = "leoflow-oidc-attempt";
constexpr std::string_view kSubject = "attempt";

}  // namespace

Attempt Attempt::begin(std::string next) {
  return {random_hex(16), random_hex(16), to_base64_url(random_bytes(32)), std::move(next)};
}

std::string Attempt::challenge() const {
  std::array<char, 32> digest{};
  const int outcome =
      EVP_Digest(verifier.data(), verifier.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr,
                 EVP_sha256(), nullptr);
  if (outcome != 1) throw Fatal("OpenSSL: SHA-256 failed");
  return to_base64_url({digest.data(), digest.size()});
}

std::string Attempt::seal(const Jwt& jwt, Time now) const {
  return jwt.sign(
      {{"sub", kSubject}, {"state", state}, {"nonce", nonce}, {"verifier", verifier}, {"next", next}},
      kAudience, now, kLife);
}

std::optional<Attempt> Attempt::open(std::string_view sealed, const Jwt& jwt, Time now) {
  const auto found = jwt.verify(sealed, kAudience, now);
  if (!found) return std::nullopt;
  const json::value& claims = found->claims;
  return Attempt{get_text(claims, "state"), get_text(claims, "nonce"), get_text(claims, "verifier"),
                 get_text(claims, "next")};
}

}  // namespace leoflow::auth::oidc
