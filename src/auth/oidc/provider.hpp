#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "auth/oidc/attempt.hpp"
#include "auth/oidc/id_token.hpp"
#include "auth/oidc/identity.hpp"
#include "auth/oidc/keys.hpp"
#include "auth/oidc/settings.hpp"

namespace leoflow::auth::oidc {

/// What asks the provider. Blocks for some seconds if that does not answer. Thread safe.
class Provider {
 public:
  explicit Provider(Settings settings) : settings_(std::move(settings)) {}

  const Settings& settings() const { return settings_; }

  /// Where the browser goes to log in.
  /// Errors: unavailable (the provider does not answer, or in another way than providers do).
  Result<std::string> authorization_url(const Attempt& attempt, Time now);

  /// Redeems the code that the browser came back with.
  /// Errors: unavailable, as above; forbidden (the provider refuses the code, its token does not hold).
  Result<Identity> redeem(const std::string& code, const Attempt& attempt, Time now);

 private:
  /// What it says of itself. Immutable.
  struct Document {
    std::string authorization_endpoint;
    std::string token_endpoint;
    std::string userinfo_endpoint;  ///< "" if it has none
    bool takes_basic = true;        ///< our secret as Authorization: Basic, rather than in the form
    KeySet keys;
    Time read_at;
  };
  using DocumentPointer = std::shared_ptr<const Document>;

  Result<json::value> fetch(const std::string& url, const std::string& bearer = "") const;
  Result<DocumentPointer> read_document(Time now) const;
  /// Read again if it is older than that, but not over and over.
  Result<DocumentPointer> document(Time now, Duration most_age);
  Result<json::value> exchange(const Document& document, const std::string& code,
                               const Attempt& attempt) const;
  Result<json::value> verified_claims(DocumentPointer document, std::string_view id_token,
                                      const Attempt& attempt, Time now);
  /// With what the ID token does not say and the provider says of its bearer when it is asked.
  Result<json::value> with_userinfo(const Document& document, json::value claims,
                                    const std::string& access_token) const;

  const Settings settings_;
  std::mutex mutex_;
  DocumentPointer known_;    // protected by mutex_
  Error failure_;            // protected by mutex_
  Time failed_at_ = Time{};  // protected by mutex_
};

}  // namespace leoflow::auth::oidc
