#include "auth/oidc/id_token.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <random>

#include "auth/oidc/testing/signer.hpp"
#include "base/text.hpp"

namespace leoflow::auth::oidc {
namespace {

constexpr std::int64_t kNowSeconds = 1'760'000'000;
const Time kNow = from_micros(kNowSeconds * 1'000'000);
const Expected kExpected{"https://idp.example", "leoflow", "a nonce"};

/// Making keys takes long.
const Signer& rsa() {
  static const Signer signer(Algorithm::rs256, "rsa");
  return signer;
}
const Signer& curve() {
  static const Signer signer(Algorithm::es256, "ec");
  return signer;
}
KeySet both_keys() {
  return *KeySet::parse(key_set_of({&rsa(), &curve()}));
}

/// Claims that hold now.
json::object good_claims() {
  return {{"iss", kExpected.issuer},   {"aud", kExpected.client_id}, {"sub", "4711"},
          {"exp", kNowSeconds + 300},  {"iat", kNowSeconds},         {"nonce", kExpected.nonce},
          {"email", "ann@example.com"}};
}

/// What is wrong with a token; "" if nothing.
std::string wrong_with(std::string_view text, const KeySet& keys = both_keys()) {
  const auto token = IdToken::parse(text);
  if (!token) return token.error().message;
  if (!token->is_signed_by(keys)) return "signature";
  const auto checked = check_claims(token->claims, kExpected, kNow);
  return checked ? "" : checked.error().message;
}

std::string wrong_with_claim(std::string_view name, const json::value& value) {
  json::object claims = good_claims();
  value.is_null() ? static_cast<void>(claims.erase(name)) : static_cast<void>(claims[name] = value);
  const auto checked = check_claims(claims, kExpected, kNow);
  return checked ? "" : checked.error().message;
}

std::string hmac_signed(const std::string& secret) {
  const std::string text = unsigned_token({{"alg", "HS256"}, {"kid", "rsa"}}, good_claims());
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(), &size);
  return text + "." + to_base64_url({reinterpret_cast<const char*>(mac.data()), size});
}

TEST(IdToken, ThoseThatTheProviderSignedHold) {
  EXPECT_EQ(wrong_with(rsa().sign(good_claims())), "");
  EXPECT_EQ(wrong_with(curve().sign(good_claims())), "");
  json::object nameless = rsa().jwk();
  nameless.erase("kid");
  const auto keys = KeySet::parse(json::object{{"keys", json::array{curve().jwk(), nameless}}});
  const Signer same = rsa();
  EXPECT_EQ(wrong_with(same.sign(good_claims(), {{"kid", ""}}), *keys), "");
}

TEST(IdToken, NoOtherSignatureHolds) {
  const std::string good = rsa().sign(good_claims());
  const std::string text = good.substr(0, good.rfind('.'));
  const std::string signature = good.substr(good.rfind('.') + 1);
  EXPECT_NE(wrong_with(unsigned_token({{"alg", "none"}}, good_claims()) + "."), "");
  EXPECT_NE(wrong_with(unsigned_token({{"alg", "none"}}, good_claims()) + "." + signature), "");
  EXPECT_NE(wrong_with(unsigned_token({{"alg", "None"}}, good_claims()) + "."), "");
  EXPECT_NE(wrong_with(unsigned_token({}, good_claims()) + "." + signature), "");
  // What everybody knows, taken for a secret.
  EXPECT_NE(wrong_with(hmac_signed(*from_base64(get_text(rsa().jwk(), "n")))), "");
  EXPECT_NE(wrong_with(hmac_signed("")), "");
  const Signer stranger(Algorithm::rs256, "rsa");
  EXPECT_EQ(wrong_with(stranger.sign(good_claims())), "signature");
  EXPECT_EQ(wrong_with(rsa().sign(good_claims(), {{"kid", "another"}})), "signature");
  EXPECT_EQ(wrong_with(rsa().sign(good_claims(), {{"alg", "ES256"}})), "signature");
  EXPECT_EQ(wrong_with(rsa().sign(good_claims(), {{"alg", "ES256"}, {"kid", "ec"}})), "signature");
  EXPECT_EQ(wrong_with(text + "."), "signature");
  EXPECT_EQ(wrong_with(text + "." + signature.substr(4)), "signature");
  EXPECT_EQ(wrong_with(unsigned_token({{"alg", "RS256"}}, {{"sub", "1"}}) + "." + signature), "signature");
  EXPECT_EQ(wrong_with(good, KeySet()), "signature");
  const std::string zeros = to_base64_url(std::string(64, '\0'));
  EXPECT_EQ(wrong_with(unsigned_token({{"alg", "ES256"}}, good_claims()) + "." + zeros), "signature");
}

TEST(IdToken, WhatIsNoSignedTokenIsRefused) {
  const std::string good = rsa().sign(good_claims());
  for (const std::string& text :
       {std::string(), std::string("."), std::string(".."), good.substr(0, good.rfind('.')), good + ".x",
        "x" + good, std::string(200'000, 'a'), rsa().sign(good_claims(), {{"crit", json::array{"exp"}}})}) {
    EXPECT_FALSE(IdToken::parse(text)) << text.substr(0, 100);
  }
}

TEST(IdToken, EachClaimMustFit) {
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, json::value>>{{"iss", "https://idp.example/"},
                                                        {"iss", nullptr},
                                                        {"iss", json::array{kExpected.issuer}},
                                                        {"aud", "another"},
                                                        {"aud", nullptr},
                                                        {"aud", json::array()},
                                                        {"aud", json::array{"another"}},
                                                        {"aud", json::array{"another", kExpected.client_id}},
                                                        {"azp", "another"},
                                                        {"exp", kNowSeconds - 60},
                                                        {"exp", nullptr},
                                                        {"exp", "never"},
                                                        {"exp", -1},
                                                        {"exp", 1e300},
                                                        {"iat", kNowSeconds + 61},
                                                        {"iat", nullptr},
                                                        {"iat", "now"},
                                                        {"nbf", kNowSeconds + 61},
                                                        {"nbf", "later"},
                                                        {"nonce", "another"},
                                                        {"nonce", nullptr},
                                                        {"sub", ""},
                                                        {"sub", nullptr},
                                                        {"sub", 4711},
                                                        {"sub", json::string(256, 's')}}) {
    EXPECT_NE(wrong_with_claim(name, value), "") << name << " " << json::serialize(value);
  }
  EXPECT_FALSE(check_claims(good_claims(), {kExpected.issuer, kExpected.client_id, ""}, kNow));
}

TEST(IdToken, ClocksMayBeAMinuteApartAndATokenForOthersToo) {
  EXPECT_EQ(wrong_with_claim("exp", kNowSeconds - 59), "");
  EXPECT_EQ(wrong_with_claim("iat", kNowSeconds + 59), "");
  EXPECT_EQ(wrong_with_claim("nbf", kNowSeconds + 59), "");
  EXPECT_EQ(wrong_with_claim("exp", static_cast<double>(kNowSeconds) + 0.5), "");
  EXPECT_EQ(wrong_with_claim("aud", json::array{kExpected.client_id}), "");
  json::object shared = good_claims();
  shared["aud"] = json::array{"another", kExpected.client_id};
  shared["azp"] = kExpected.client_id;
  EXPECT_TRUE(check_claims(shared, kExpected, kNow));
}

TEST(KeySet, WeakAndOtherKeysAreLeftOut) {
  const auto count = [](const json::object& jwk) {
    return KeySet::parse(json::object{{"keys", json::array{jwk}}})->size();
  };
  EXPECT_EQ(count(rsa().jwk()), 1U);
  EXPECT_EQ(count(curve().jwk()), 1U);
  EXPECT_EQ(count(Signer(Algorithm::rs256, "weak", 1024).jwk()), 0U);
  const auto changed = [](json::object jwk, std::string_view name, std::string_view value) {
    jwk[name] = value;
    return jwk;
  };
  EXPECT_EQ(count(changed(rsa().jwk(), "use", "enc")), 0U);
  EXPECT_EQ(count(changed(rsa().jwk(), "alg", "RS512")), 0U);
  EXPECT_EQ(count(changed(rsa().jwk(), "kty", "oct")), 0U);
  EXPECT_EQ(count(changed(rsa().jwk(), "e", "AQ")), 0U);
  EXPECT_EQ(count(changed(rsa().jwk(), "e", "")), 0U);
  EXPECT_EQ(count(changed(rsa().jwk(), "n", std::string(4000, 'A'))), 0U);
  EXPECT_EQ(count(changed(curve().jwk(), "crv", "P-521")), 0U);
  EXPECT_EQ(count(changed(curve().jwk(), "x", to_base64_url(std::string(32, '\1')))), 0U)
      << "not on the curve";
  EXPECT_FALSE(KeySet::parse(json::array()));
  EXPECT_FALSE(KeySet::parse(json::object{{"keys", 1}}));
}

/// With a few bytes changed, left out or doubled.
std::string damaged(std::string text, std::mt19937& random) {
  for (unsigned changes = 1 + random() % 4; changes > 0 && !text.empty(); --changes) {
    const std::size_t at = random() % text.size();
    switch (random() % 3) {
      case 0:
        text[at] = static_cast<char>(random());
        break;
      case 1:
        text.erase(at, 1 + random() % 8);
        break;
      default:
        text.insert(at, text.substr(at, random() % 8));
    }
  }
  return text;
}

TEST(IdToken, ChangedBytesNeverMakeAnotherTokenThatHolds) {
  std::mt19937 random(20261127);
  const KeySet keys = both_keys();
  for (const Signer* signer : {&rsa(), &curve()}) {
    const std::string good = signer->sign(good_claims());
    for (int round = 0; round < 3000; ++round) {
      const std::string text = damaged(good, random);
      const auto token = IdToken::parse(text);
      if (token && token->is_signed_by(keys)) {
        // Only of what is no part of a byte.
        EXPECT_EQ(text.substr(0, text.rfind('.')), good.substr(0, good.rfind('.')));
      }
    }
  }
}

TEST(KeySet, ChangedBytesDoNoHarm) {
  std::mt19937 random(20261127);
  const std::string good = json::serialize(key_set_of({&rsa(), &curve()}));
  const std::string token = rsa().sign(good_claims());
  for (int round = 0; round < 3000; ++round) {
    const auto document = parse_json(damaged(good, random));
    const auto keys = document ? KeySet::parse(*document) : fail(ErrorCode::invalid, "");
    if (keys) static_cast<void>(wrong_with(token, *keys));
  }
}

}  // namespace
}  // namespace leoflow::auth::oidc
