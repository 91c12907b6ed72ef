#include <atomic>
#include <filesystem>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <unistd.h>

#include "base/text.hpp"
#include "base/time_text.hpp"
#include "objects/aws_credentials.hpp"
#include "objects/google_credentials.hpp"
#include "objects/testing/peer.hpp"
#include "objects/xml_text.hpp"

namespace leoflow::objects {
namespace {

class CredentialsTest : public ::testing::Test {
 protected:
  CredentialsTest() { std::filesystem::create_directories(folder_); }
  ~CredentialsTest() override { std::filesystem::remove_all(folder_); }

  std::string file(const std::string& name, const std::string& text) {
    write_file_atomically((folder_ / name).string(), text);
    return (folder_ / name).string();
  }
  std::unique_ptr<AwsCredentials> aws(std::map<std::string, std::string> variables) {
    return AwsCredentials::find(variables_of(std::move(variables)), "eu-west-1", clock_).value();
  }
  std::string google(const std::map<std::string, std::string>& variables) {
    if (!google_) google_ = GoogleAuthorizer::find(variables_of(variables), clock_).value();
    Order order;
    const auto said = google_->authorize(order);
    return said ? order.headers["authorization"] : said.error().message;
  }

  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("lf-credentials-" + std::to_string(::getpid()));
  ManualClock clock_{*parse_iso("2026-01-01T00:00:00Z")};
  std::unique_ptr<GoogleAuthorizer> google_;
};

TEST_F(CredentialsTest, WithoutAnyTheVariablesAreNamed) {
  const auto found = AwsCredentials::find(variables_of({{"AWS_ACCESS_KEY_ID", "id"}}), "r", clock_);
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().message.find("AWS_SECRET_ACCESS_KEY"), std::string::npos);
}

TEST_F(CredentialsTest, KeysThatAreGivenHoldForEver) {
  const auto keys = aws({{"AWS_ACCESS_KEY_ID", "id"},
                         {"AWS_SECRET_ACCESS_KEY", "secret"},
                         {"AWS_SESSION_TOKEN", "session"}})
                        ->keys()
                        .value();
  EXPECT_EQ(keys.id + keys.secret + keys.session_token, "idsecretsession");
}

TEST_F(CredentialsTest, KeysOfAWebIdentityAreRenewedBeforeTheyExpire) {
  std::atomic<int> given = 0;
  Peer sts([&](const http::Request&) {
    ++given;
    return http::Response{
        .content_type = "text/xml",
        .body =
            fmt::format("<R><AccessKeyId>id{0}</AccessKeyId><SecretAccessKey>s&amp;</SecretAccessKey>"
                        "<SessionToken>t</SessionToken><Expiration>2026-01-01T0{0}:00:00Z</Expiration></R>",
                        given.load())};
  });
  const auto credentials = aws({{"AWS_ROLE_ARN", "arn:aws:iam::1:role/logs"},
                                {"AWS_WEB_IDENTITY_TOKEN_FILE", file("token", "web.identity\n")},
                                {"AWS_ENDPOINT_URL_STS", sts.url()}});
  EXPECT_EQ(credentials->keys().value().id, "id1");
  EXPECT_EQ(credentials->keys().value().secret, "s&");
  clock_.advance(std::chrono::minutes(57));
  EXPECT_EQ(credentials->keys().value().id, "id2");
  const auto asked = sts.asked();
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_EQ(
      asked[0].body,
      "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Flogs&"
      "RoleSessionName=leoflow&WebIdentityToken=web.identity");
}

TEST_F(CredentialsTest, ATokenServiceThatRefusesIsQuotedWithoutTheToken) {
  Peer sts([](const http::Request&) { return Peer::xml(403, "AccessDenied", "Not authorized"); });
  const auto refused = aws({{"AWS_ROLE_ARN", "arn"},
                            {"AWS_WEB_IDENTITY_TOKEN_FILE", file("token", "web.identity")},
                            {"AWS_ENDPOINT_URL_STS", sts.url()}})
                           ->keys();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::forbidden);
  EXPECT_EQ(refused.error().message, sts.url() + " gives no credentials: 403 AccessDenied: Not authorized");
}

TEST_F(CredentialsTest, APodIdentityIsAskedWithItsToken) {
  Peer agent([](const http::Request&) {
    return http::Response{
        .body =
            R"({"AccessKeyId":"id","SecretAccessKey":"s","Token":"t","Expiration":"2026-01-01T06:00:00Z"})"};
  });
  const auto credentials = aws({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.url() + "/v1/credentials"},
                                {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file("token", "pod")}});
  EXPECT_EQ(credentials->keys().value().session_token, "t");
  EXPECT_EQ(agent.asked().at(0).path, "/v1/credentials");
  EXPECT_EQ(agent.asked().at(0).header("authorization"), "pod");
}

TEST_F(CredentialsTest, ThoseThatStillHoldAreUsedWhileNobodyRenewsThem) {
  std::atomic<bool> is_away = false;
  Peer agent([&](const http::Request&) {
    if (is_away) return Peer::xml(500, "", "");
    return http::Response{
        .body =
            R"({"AccessKeyId":"id","SecretAccessKey":"s","Token":"t","Expiration":"2026-01-01T06:00:00Z"})"};
  });
  const auto credentials = aws({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.url()}});
  ASSERT_TRUE(credentials->keys());
  is_away = true;
  clock_.advance(std::chrono::hours(6) - std::chrono::seconds(1));
  EXPECT_TRUE(credentials->keys());
  clock_.advance(std::chrono::seconds(1));
  EXPECT_EQ(credentials->keys().error().code, ErrorCode::unavailable);
}

TEST_F(CredentialsTest, APodOfGkeAsksTheMetadataServer) {
  Peer metadata([](const http::Request& request) {
    EXPECT_EQ(request.header("metadata-flavor"), "Google");
    return http::Response{.body = R"({"access_token":"t","expires_in":3600,"token_type":"Bearer"})"};
  });
  const std::map<std::string, std::string> variables{{"GCE_METADATA_HOST", metadata.url().substr(7)}};
  EXPECT_EQ(google(variables), "Bearer t");
  clock_.advance(std::chrono::minutes(50));
  EXPECT_EQ(google(variables), "Bearer t");
  EXPECT_EQ(metadata.asked().size(), 1U);
  clock_.advance(std::chrono::minutes(7));
  google(variables);
  EXPECT_EQ(metadata.asked().size(), 2U);
}

TEST_F(CredentialsTest, AServiceAccountSignsWhatItAsksTheTokenServerFor) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_RSA_gen(2048), &EVP_PKEY_free);
  const std::unique_ptr<BIO, decltype(&BIO_free)> pem(BIO_new(BIO_s_mem()), &BIO_free);
  PEM_write_bio_PrivateKey(pem.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  char* text = nullptr;
  const long size = BIO_get_mem_data(pem.get(), &text);
  Peer tokens([](const http::Request&) {
    return http::Response{.body = R"({"access_token":"t","expires_in":3600})"};
  });
  const json::object account{{"type", "service_account"},
                             {"client_email", "logs@p.example"},
                             {"private_key_id", "k1"},
                             {"private_key", std::string(text, static_cast<std::size_t>(size))},
                             {"token_uri", tokens.url() + "/token"}};
  EXPECT_EQ(google({{"GOOGLE_APPLICATION_CREDENTIALS", file("key.json", json::serialize(account))}}),
            "Bearer t");

  const auto asked = tokens.asked().at(0);
  EXPECT_EQ(asked.path, "/token");
  const std::string assertion = asked.body.substr(asked.body.find("assertion=") + 10);
  const auto parts = split(assertion, '.');
  ASSERT_EQ(parts.size(), 3U);
  const auto claims = parse_json(*from_base64(parts[1])).value();
  EXPECT_EQ(get_text(claims, "iss"), "logs@p.example");
  EXPECT_EQ(get_text(claims, "aud"), tokens.url() + "/token");
  const std::string signed_text = parts[0] + "." + parts[1];
  const std::string signature = *from_base64(parts[2]);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get());
  EXPECT_EQ(EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                             signature.size(), reinterpret_cast<const unsigned char*>(signed_text.data()),
                             signed_text.size()),
            1);
}

TEST_F(CredentialsTest, AFileThatIsNoServiceAccountIsRefused) {
  for (const std::string& path :
       {file("user.json", R"({"type":"authorized_user"})"), file("none.json", "{}"),
        file("broken.json", R"({"type":"service_account","private_key":"x","token_uri":"y"})"),
        std::string("/nowhere")}) {
    const auto found =
        GoogleAuthorizer::find(variables_of({{"GOOGLE_APPLICATION_CREDENTIALS", path}}), clock_);
    ASSERT_FALSE(found) << path;
    EXPECT_NE(found.error().message.find(path), std::string::npos);
  }
}

}  // namespace
}  // namespace leoflow::objects
