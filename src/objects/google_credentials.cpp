#include "objects/google_credentials.hpp"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/freed.hpp"
#include "base/text.hpp"
#include "http/client.hpp"
#include "objects/split_url.hpp"

namespace leoflow::objects {
namespace {

constexpr const char* kFile = "GOOGLE_APPLICATION_CREDENTIALS";
constexpr std::string_view kScope = "https://www.googleapis.com/auth/devstorage.read_write";
constexpr std::chrono::seconds kTokenLimit{10};
constexpr std::chrono::hours kLife{1};  ///< that is asked for, the most that there is

using PrivateKey = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;

PrivateKey read_key(const std::string& pem) {
  const std::unique_ptr<BIO, Freed<BIO_free>> text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return PrivateKey(PEM_read_bio_PrivateKey(text.get(), nullptr, nullptr, nullptr));
}

/// RS256.
std::string sign_text(const std::string& pem, std::string_view text) {
  const PrivateKey key = read_key(pem);
  const std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t size = 0;
  if (!key || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) != 1) {
    throw Fatal("OpenSSL: the service account's key does not sign");
  }
  std::string out(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, bytes,
                     text.size()) != 1) {
    throw Fatal("OpenSSL: the service account's key does not sign");
  }
  out.resize(size);
  return out;
}

std::int64_t seconds_of(Time time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

/// What says that the service account asks.
std::string assertion(const json::value& account, Time now) {
  const json::object header{{"alg", "RS256"}, {"typ", "JWT"}, {"kid", get_text(account, "private_key_id")}};
  const json::object claims{{"iss", get_text(account, "client_email")},
                            {"scope", kScope},
                            {"aud", get_text(account, "token_uri")},
                            {"iat", seconds_of(now)},
                            {"exp", seconds_of(now + kLife)}};
  const std::string text =
      to_base64_url(json::serialize(header)) + "." + to_base64_url(json::serialize(claims));
  return text + "." + to_base64_url(sign_text(get_text(account, "private_key"), text));
}

}  // namespace

Result<std::unique_ptr<GoogleAuthorizer>> GoogleAuthorizer::find(const Variables& variables,
                                                                 const Clock& clock) {
  json::value account;
  if (const std::string path = variables(kFile); !path.empty()) {
    const auto text = read_file(path);
    if (!text) return fail(ErrorCode::invalid, fmt::format("{}: '{}' cannot be read", kFile, path));
    auto parsed = parse_json(*text);
    const std::string type = parsed ? get_text(*parsed, "type") : "";
    if (type != "service_account") {
      return fail(ErrorCode::invalid,
                  fmt::format("{}: '{}' is no key of a service account ({})", kFile, path,
                              type.empty() ? "it does not say what it is" : "it is of type " + type));
    }
    if (!read_key(get_text(*parsed, "private_key")) || get_text(*parsed, "token_uri").empty())
      return fail(ErrorCode::invalid, fmt::format("{}: the key in '{}' cannot be read", kFile, path));
    account = std::move(*parsed);
  }
  const std::string host = variables("GCE_METADATA_HOST");
  return std::unique_ptr<GoogleAuthorizer>(new GoogleAuthorizer(
      std::move(account), "http://" + (host.empty() ? "metadata.google.internal" : host), clock));
}

Result<GoogleAuthorizer::Loan> GoogleAuthorizer::ask() const {
  const bool has_account = !account_.is_null();
  const auto [server, target] =
      has_account ? split_url(get_text(account_, "token_uri"))
                  : std::pair(metadata_server_,
                              std::string("/computeMetadata/v1/instance/service-accounts/default/token"));
  http::Client client(server, {.limit = kTokenLimit});
  if (!has_account) client.use_header("Metadata-Flavor", "Google");
  const auto answer =
      has_account
          ? client.send("POST", target,
                        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=" +
                            assertion(account_, clock_.now()),
                        "application/x-www-form-urlencoded")
          : client.get(target);
  if (!answer) return fail(ErrorCode::unavailable, answer.error().message);
  const auto told = answer->json_body();
  std::string token = told ? get_text(*told, "access_token") : "";
  if (answer->status != 200 || token.empty()) {
    const ErrorCode code = answer->status < 500 ? ErrorCode::forbidden : ErrorCode::unavailable;
    return fail(code, fmt::format("{} gives no token: {} {}", server, answer->status,
                                  told ? get_text(*told, "error_description") : ""));
  }
  const json::value* life = leoflow::find(*told, "expires_in");
  const std::int64_t seconds = life != nullptr && life->is_int64() ? life->get_int64() : 0;
  return Loan{std::move(token), clock_.now() + std::chrono::seconds(seconds)};
}

Result<void> GoogleAuthorizer::authorize(Order& order) {
  auto token = token_.get(clock_.now(), [this] { return ask(); });
  if (!token) return std::unexpected(token.error());
  order.headers["authorization"] = "Bearer " + *token;
  return {};
}

}  // namespace leoflow::objects
