#pragma once

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/variables.hpp"
#include "objects/order.hpp"
#include "objects/renewed.hpp"
#include "objects/signature.hpp"

namespace leoflow::objects {

/// The keys of AWS that an environment has, by the names that AWS's own tools take: AWS_ACCESS_KEY_ID with
/// AWS_SECRET_ACCESS_KEY, a web identity (AWS_ROLE_ARN with AWS_WEB_IDENTITY_TOKEN_FILE: IAM roles for
/// service accounts), or a container's (AWS_CONTAINER_CREDENTIALS_FULL_URI: pod identity). The first of these
/// counts.
class AwsCredentials {
 public:
  /// @param variables  kept. @param clock  outlives it.
  /// Errors: invalid, naming the variables, if there are none.
  static Result<std::unique_ptr<AwsCredentials>> find(Variables variables, std::string region,
                                                      const Clock& clock);

  /// Those that hold now. Errors: unavailable, or forbidden, with what the token service said.
  Result<AwsKeys> keys();

 private:
  using Loan = Renewed<AwsKeys>::Loan;
  enum class Kind { fixed, web_identity, container };
  AwsCredentials(Kind kind, Variables variables, std::string region, const Clock& clock)
      : kind_(kind), variables_(std::move(variables)), region_(std::move(region)), clock_(clock) {}
  Result<Loan> ask() const;
  Result<Loan> ask_sts() const;
  Result<Loan> ask_container() const;

  const Kind kind_;
  const Variables variables_;
  const std::string region_;
  const Clock& clock_;
  Renewed<AwsKeys> keys_;
};

/// Signs with them.
class AwsAuthorizer final : public Authorizer {
 public:
  AwsAuthorizer(std::unique_ptr<AwsCredentials> credentials, std::string region, const Clock& clock)
      : credentials_(std::move(credentials)), region_(std::move(region)), clock_(clock) {}
  Result<void> authorize(Order& order) override;

 private:
  const std::unique_ptr<AwsCredentials> credentials_;
  const std::string region_;
  const Clock& clock_;
};

/// "amazonaws.com", or China's.
std::string aws_domain(const std::string& region);

}  // namespace leoflow::objects
