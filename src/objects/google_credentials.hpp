#pragma once

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/variables.hpp"
#include "objects/order.hpp"
#include "objects/renewed.hpp"

namespace leoflow::objects {

/// Shows the access token that Google's own tools would find: of the service account whose key is in the file
/// GOOGLE_APPLICATION_CREDENTIALS, or else of the machine or pod (workload identity), which its metadata
/// server gives (GCE_METADATA_HOST).
class GoogleAuthorizer final : public Authorizer {
 public:
  /// @param clock  outlives it.
  /// Errors: invalid, naming the file: it is no key of a service account.
  static Result<std::unique_ptr<GoogleAuthorizer>> find(const Variables& variables, const Clock& clock);

  Result<void> authorize(Order& order) override;

 private:
  using Loan = Renewed<std::string>::Loan;
  GoogleAuthorizer(json::value account, std::string metadata_server, const Clock& clock)
      : account_(std::move(account)), metadata_server_(std::move(metadata_server)), clock_(clock) {}
  Result<Loan> ask() const;

  const json::value account_;  ///< null: the metadata server says who this is
  const std::string metadata_server_;
  const Clock& clock_;
  Renewed<std::string> token_;
};

}  // namespace leoflow::objects
