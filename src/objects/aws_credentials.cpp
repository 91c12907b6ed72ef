#include "objects/aws_credentials.hpp"

#include <fmt/format.h>

#include "base/json.hpp"
#include "base/text.hpp"
#include "base/time_text.hpp"
#include "http/client.hpp"
#include "objects/split_url.hpp"
#include "objects/xml_text.hpp"

namespace leoflow::objects {
namespace {

constexpr std::chrono::seconds kLimit{10};

Result<std::string> file_in(const Variables& variables, const char* name) {
  const std::string path = variables(name);
  const auto text = read_file(path);
  if (!text) return fail(ErrorCode::unavailable, fmt::format("{}: '{}' cannot be read", name, path));
  return std::string(trim(*text));
}

std::unexpected<Error> refused(std::string_view who, int status, std::string_view words) {
  const ErrorCode code = status < 500 && status != 429 ? ErrorCode::forbidden : ErrorCode::unavailable;
  return fail(code, fmt::format("{} gives no credentials: {} {}", who, status, words));
}

}  // namespace

std::string aws_domain(const std::string& region) {
  return region.starts_with("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
}

Result<std::unique_ptr<AwsCredentials>> AwsCredentials::find(Variables variables, std::string region,
                                                             const Clock& clock) {
  const auto has = [&](const char* name) { return !variables(name).empty(); };
  const auto make = [&](Kind kind) {
    return std::unique_ptr<AwsCredentials>(
        new AwsCredentials(kind, std::move(variables), std::move(region), clock));
  };
  if (has("AWS_ACCESS_KEY_ID") && has("AWS_SECRET_ACCESS_KEY")) return make(Kind::fixed);
  if (has("AWS_ROLE_ARN") && has("AWS_WEB_IDENTITY_TOKEN_FILE")) return make(Kind::web_identity);
  if (has("AWS_CONTAINER_CREDENTIALS_FULL_URI")) return make(Kind::container);
  return fail(ErrorCode::invalid,
              "there are no credentials for S3: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the "
              "server's ServiceAccount a role, which sets AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE, or "
              "AWS_CONTAINER_CREDENTIALS_FULL_URI");
}

Result<AwsKeys> AwsCredentials::keys() {
  return keys_.get(clock_.now(), [this] { return ask(); });
}

Result<AwsCredentials::Loan> AwsCredentials::ask() const {
  switch (kind_) {
    case Kind::fixed:
      break;
    case Kind::web_identity:
      return ask_sts();
    case Kind::container:
      return ask_container();
  }
  return Loan{{variables_("AWS_ACCESS_KEY_ID"), variables_("AWS_SECRET_ACCESS_KEY"),
               variables_("AWS_SESSION_TOKEN")}};
}

Result<AwsCredentials::Loan> AwsCredentials::ask_sts() const {
  const auto token = file_in(variables_, "AWS_WEB_IDENTITY_TOKEN_FILE");
  if (!token) return std::unexpected(token.error());
  std::string server = variables_("AWS_ENDPOINT_URL_STS");
  if (server.empty()) server = fmt::format("https://sts.{}.{}", region_, aws_domain(region_));
  const std::string session = variables_("AWS_ROLE_SESSION_NAME");
  const std::string body = fmt::format(
      "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn={}&RoleSessionName={}&WebIdentityToken={}",
      url_encode(variables_("AWS_ROLE_ARN")), url_encode(session.empty() ? "leoflow" : session),
      url_encode(*token));
  const auto answer =
      http::Client(server, {.limit = kLimit}).send("POST", "/", body, "application/x-www-form-urlencoded");
  if (!answer) return fail(ErrorCode::unavailable, answer.error().message);
  const std::string& said = answer->body;
  const auto until = parse_iso(xml_text(said, "Expiration"));
  if (answer->status != 200 || !until) {
    return refused(server, answer->status, xml_text(said, "Code") + ": " + xml_text(said, "Message"));
  }
  return Loan{
      {xml_text(said, "AccessKeyId"), xml_text(said, "SecretAccessKey"), xml_text(said, "SessionToken")},
      *until};
}

Result<AwsCredentials::Loan> AwsCredentials::ask_container() const {
  const std::string url = variables_("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  const auto [server, target] = split_url(url);
  http::Client client(server, {.limit = kLimit});
  std::string token = variables_("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  if (!variables_("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE").empty()) {
    auto read = file_in(variables_, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    if (!read) return std::unexpected(read.error());
    token = std::move(*read);
  }
  if (!token.empty()) client.use_header("Authorization", token);
  const auto answer = client.get(target);
  if (!answer) return fail(ErrorCode::unavailable, answer.error().message);
  const auto told = answer->json_body();
  const auto until = told ? parse_iso(get_text(*told, "Expiration")) : std::nullopt;
  if (answer->status != 200 || !until)
    return refused(server, answer->status, told ? get_text(*told, "message") : "");
  return Loan{{get_text(*told, "AccessKeyId"), get_text(*told, "SecretAccessKey"), get_text(*told, "Token")},
              *until};
}

Result<void> AwsAuthorizer::authorize(Order& order) {
  const auto keys = credentials_->keys();
  if (!keys) return std::unexpected(keys.error());
  sign(order, *keys, region_, clock_.now());
  return {};
}

}  // namespace leoflow::objects
