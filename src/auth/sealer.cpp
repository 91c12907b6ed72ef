#include "auth/sealer.hpp"

#include <fmt/core.h>
#include <memory>
#include <openssl/evp.h>

#include "base/ids.hpp"
#include "base/text.hpp"

namespace leoflow::auth {

namespace {

constexpr std::size_t kKeySize = 32;
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

}  // namespace

Sealer::Sealer(std::string key_id, std::string key) : key_id_(std::move(key_id)), key_(std::move(key)) {
  if (key_.size() != kKeySize) throw Fatal(fmt::format("the secrets key has {} bytes, not 32", key_.size()));
}

std::string Sealer::seal(std::string_view text) const {
  std::string packed = random_bytes(kNonceSize);
  packed.resize(kNonceSize + text.size() + kTagSize);
  const Cipher cipher = new_cipher();
  int length = 0;
  demand(EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes(key_), bytes(packed)));
  // The key id is authenticated too: a text cannot be moved under another key's name.
  demand(EVP_EncryptUpdate(cipher.get(), nullptr, &length, bytes(key_id_), static_cast<int>(key_id_.size())));
  demand(EVP_EncryptUpdate(cipher.get(), bytes(packed) + kNonceSize, &length, bytes(text),
                           static_cast<int>(text.size())));
  demand(EVP_EncryptFinal_ex(cipher.get(), bytes(packed) + kNonceSize + length, &length));
  demand(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagSize,
                             bytes(packed) + kNonceSize + text.size()));
  return fmt::format("v1:{}:{}", key_id_, to_base64(packed));
}

Result<std::string> Sealer::open(std::string_view sealed) const {
  const std::string prefix = fmt::format("v1:{}:", key_id_);
  if (!sealed.starts_with(prefix)) {
    return fail(ErrorCode::invalid, fmt::format("secret is not sealed with key '{}'", key_id_));
  }
  auto packed = from_base64(sealed.substr(prefix.size()));
  if (!packed || packed->size() < kNonceSize + kTagSize)
    return fail(ErrorCode::invalid, "sealed secret is damaged");
  const std::size_t size = packed->size() - kNonceSize - kTagSize;
  std::string text(size, '\0');
  const Cipher cipher = new_cipher();
  int length = 0;
  demand(EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes(key_), bytes(*packed)));
  demand(EVP_DecryptUpdate(cipher.get(), nullptr, &length, bytes(key_id_), static_cast<int>(key_id_.size())));
  demand(EVP_DecryptUpdate(cipher.get(), bytes(text), &length, bytes(*packed) + kNonceSize,
                           static_cast<int>(size)));
  demand(
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagSize, bytes(*packed) + kNonceSize + size));
  unsigned char rest[16];
  if (EVP_DecryptFinal_ex(cipher.get(), rest, &length) != 1) {
    return fail(ErrorCode::invalid, "sealed secret is damaged or the key is another one");
  }
  return text;
}

}  // namespace leoflow::auth
