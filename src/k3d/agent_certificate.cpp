#include "k3d/agent_certificate.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <memory>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "base/freed.hpp"
#include "base/text.hpp"

namespace leoflow::k3d {
namespace {

constexpr std::chrono::days kLife{825};
constexpr std::chrono::days kRenewal{30};

using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;
using Memory = std::unique_ptr<BIO, Freed<BIO_free_all>>;

Memory memory() {
  return Memory(BIO_new(BIO_s_mem()));
}

std::string text_of(const Memory& from) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(from.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::time_t seconds(Time time) {
  return std::chrono::system_clock::to_time_t(time);
}

bool add(X509& certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, &certificate, &certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  return extension && X509_add_ext(&certificate, extension.get(), -1) == 1;
}

/// Signed by its own key: whoever trusts it trusts nothing else.
Certificate make(EVP_PKEY& key, const std::vector<std::string>& names, Time now) {
  Certificate made(X509_new());
  std::uint64_t serial = 0;
  if (!made || RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1) return nullptr;
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(made.get()), serial >> 1);
  // Clocks of containers are this machine's, but may be a little late.
  ASN1_TIME_set(X509_getm_notBefore(made.get()), seconds(now - std::chrono::hours(1)));
  ASN1_TIME_set(X509_getm_notAfter(made.get()), seconds(now + kLife));
  X509_set_pubkey(made.get(), &key);
  X509_NAME* name = X509_get_subject_name(made.get());
  constexpr std::string_view kName = "leoflow agents";
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(kName.data()),
                             static_cast<int>(kName.size()), -1, 0);
  X509_set_issuer_name(made.get(), name);
  const bool is_complete = add(*made, NID_basic_constraints, "critical,CA:TRUE") &&
                           add(*made, NID_subject_key_identifier, "hash") &&
                           add(*made, NID_ext_key_usage, "serverAuth") &&
                           add(*made, NID_subject_alt_name, join(names, ","));
  if (!is_complete || X509_sign(made.get(), &key, EVP_sha256()) == 0) return nullptr;
  return made;
}

bool has_name(X509& certificate, const std::string& name) {
  if (name.starts_with("IP:")) return X509_check_ip_asc(&certificate, name.c_str() + 3, 0) == 1;
  const std::string host = name.substr(name.find(':') + 1);
  return X509_check_host(&certificate, host.data(), host.size(), 0, nullptr) == 1;
}

bool is_good(const AgentCertificate& files, const std::vector<std::string>& names, Time now) {
  const auto text = read_file(files.certificate.string());
  if (!text || !std::filesystem::exists(files.key)) return false;
  const Memory source(BIO_new_mem_buf(text->data(), static_cast<int>(text->size())));
  const Certificate certificate(PEM_read_bio_X509(source.get(), nullptr, nullptr, nullptr));
  if (!certificate) return false;
  std::time_t renewal = seconds(now + kRenewal);
  if (X509_cmp_time(X509_get0_notAfter(certificate.get()), &renewal) <= 0) return false;
  return std::ranges::all_of(names, [&](const std::string& name) { return has_name(*certificate, name); });
}

}  // namespace

Result<AgentCertificate> keep_agent_certificate(const std::filesystem::path& folder,
                                                const std::vector<std::string>& names, Time now) {
  AgentCertificate files{folder / "agents.crt", folder / "agents.key"};
  if (is_good(files, names, now)) return files;
  std::filesystem::create_directories(folder);
  const auto refused = [] { return fail(ErrorCode::unavailable, "OpenSSL makes no certificate for agents"); };
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate = key ? make(*key, names, now) : nullptr;
  const Memory certificate_text = memory();
  const Memory key_text = memory();
  if (!certificate || PEM_write_bio_X509(certificate_text.get(), certificate.get()) != 1 ||
      PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return refused();
  // The key first: a certificate without its own key would be taken for good.
  write_file_atomically(files.key.string(), text_of(key_text), 0600);
  write_file_atomically(files.certificate.string(), text_of(certificate_text));
  return files;
}

}  // namespace leoflow::k3d
