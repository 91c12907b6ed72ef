#include "auth/sealer.hpp"

#include <fmt/core.h>
#include <memory>
#include <openssl/evp.h>
#include <optional>

#include "base/ids.hpp"
#include "base/text.hpp"

namespace leoflow::auth {

namespace {

constexpr std::string_view kForm = "v1:";
constexpr std::size_t kNonceSize = 12;
constexpr std::size_t kTagSize = 16;

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

Cipher new_cipher() {
  Cipher cipher(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  if (!cipher) throw Fatal("OpenSSL: out of memory");
  return cipher;
}

unsigned char* bytes(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}
const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

void demand(int outcome) {
  if (outcome != 1) throw Fatal("OpenSSL: AES-256-GCM failed");
}

/// Nothing if another key sealed it, or it was changed.
std::optional<std::string> open_with(std::string_view key, std::string_view key_id, std::string packed) {
  const std::size_t size = packed.size() - kNonceSize - kTagSize;
  std::string text(size, '\0');
  const Cipher cipher = new_cipher();
  int length = 0;
  demand(EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes(key), bytes(packed)));
  demand(EVP_DecryptUpdate(cipher.get(), nullptr, &length, bytes(key_id), static_cast<int>(key_id.size())));
  demand(EVP_DecryptUpdate(cipher.get(), bytes(text), &length, bytes(packed) + kNonceSize,
                           static_cast<int>(size)));
  demand(
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagSize, bytes(packed) + kNonceSize + size));
  unsigned char rest[16];
  if (EVP_DecryptFinal_ex(cipher.get(), rest, &length) != 1) return std::nullopt;
  return text;
}

}  // namespace

Sealer::Sealer(std::string key, std::vector<std::string> older)
    : keys_(std::move(older)), key_id_(sha256_hex("id of secret key " + key).substr(0, 8)) {
  keys_.insert(keys_.begin(), std::move(key));
  for (const std::string& one : keys_) {
    if (one.size() != kKeyBytes)
      throw Fatal(fmt::format("the secrets key has {} bytes, not {}", one.size(), kKeyBytes));
  }
}

bool Sealer::is_current(std::string_view sealed) const {
  return sealed.starts_with(fmt::format("{}{}:", kForm, key_id_));
}

std::string Sealer::seal(std::string_view text) const {
  std::string packed = random_bytes(kNonceSize);
  packed.resize(kNonceSize + text.size() + kTagSize);
  const Cipher cipher = new_cipher();
  int length = 0;
  demand(EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes(keys_.front()), bytes(packed)));
  // The key id is authenticated too: a text cannot be moved under another key's name.
  demand(EVP_EncryptUpdate(cipher.get(), nullptr, &length, bytes(key_id_), static_cast<int>(key_id_.size())));
  demand(EVP_EncryptUpdate(cipher.get(), bytes(packed) + kNonceSize, &length, bytes(text),
                           static_cast<int>(text.size())));
  demand(EVP_EncryptFinal_ex(cipher.get(), bytes(packed) + kNonceSize + length, &length));
  demand(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagSize,
                             bytes(packed) + kNonceSize + text.size()));
  return fmt::format("{}{}:{}", kForm, key_id_, to_base64(packed));
}

Result<std::string> Sealer::open(std::string_view sealed) const {
  const std::string_view rest = sealed.starts_with(kForm) ? sealed.substr(kForm.size()) : "";
  const auto colon = rest.find(':');
  if (colon == std::string_view::npos) return fail(ErrorCode::invalid, "this is no sealed secret");
  const std::string_view key_id = rest.substr(0, colon);
  const auto packed = from_base64(rest.substr(colon + 1));
  if (!packed || packed->size() < kNonceSize + kTagSize)
    return fail(ErrorCode::invalid, "sealed secret is damaged");
  for (const std::string& key : keys_) {
    if (auto text = open_with(key, key_id, *packed)) return std::move(*text);
  }
  return fail(ErrorCode::invalid, "sealed secret is damaged, or was sealed with a key that is not given");
}

}  // namespace leoflow::auth
