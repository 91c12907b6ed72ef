#include "k3d/agent_certificate.hpp"

#include <filesystem>
#include <gtest/gtest.h>

#include "base/ids.hpp"
#include "base/process.hpp"
#include "base/text.hpp"

namespace leoflow::k3d {
namespace {

namespace fs = std::filesystem;

class AgentCertificateTest : public testing::Test {
 protected:
  ~AgentCertificateTest() override { fs::remove_all(folder_); }

  AgentCertificate keep(const std::vector<std::string>& names, Time now) {
    return keep_agent_certificate(folder_, names, now).value();
  }
  /// What openssl says of the certificate.
  std::string shown(const std::vector<std::string>& options) {
    std::vector<std::string> command = {"openssl", "x509", "-noout", "-in",
                                        (folder_ / "agents.crt").string()};
    command.insert(command.end(), options.begin(), options.end());
    return run_program(command).value().output;
  }

  const fs::path folder_ = fs::temp_directory_path() / ("lf-certificate-" + random_hex(6));
  const std::vector<std::string> names_ = {"DNS:localhost", "IP:127.0.0.1"};
  const Time now_ = SystemClock().now();
};

TEST_F(AgentCertificateTest, IsForItsNamesAndSignsItself) {
  const AgentCertificate made = keep(names_, now_);
  EXPECT_NE(shown({"-ext", "subjectAltName"}).find("DNS:localhost, IP Address:127.0.0.1"), std::string::npos);
  const auto checked =
      run_program({"openssl", "verify", "-CAfile", made.certificate.string(), made.certificate.string()});
  EXPECT_EQ(checked.value().exit_code, 0) << checked.value().output;
}

TEST_F(AgentCertificateTest, HasAKeyThatOnlyItsOwnerReads) {
  const AgentCertificate made = keep(names_, now_);
  EXPECT_EQ(fs::status(made.key).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(run_program({"openssl", "pkey", "-in", made.key.string(), "-pubout"}).value().output,
            shown({"-pubkey"}));
}

TEST_F(AgentCertificateTest, StaysWhileItIsGood) {
  const std::string first = read_file(keep(names_, now_).certificate.string()).value();
  EXPECT_EQ(read_file(keep(names_, now_ + std::chrono::days(700)).certificate.string()), first);
}

TEST_F(AgentCertificateTest, IsMadeNewAMonthBeforeItEnds) {
  const std::string first = read_file(keep(names_, now_).certificate.string()).value();
  EXPECT_NE(read_file(keep(names_, now_ + std::chrono::days(800)).certificate.string()), first);
}

TEST_F(AgentCertificateTest, IsMadeNewForANameThatItLacks) {
  keep(names_, now_);
  keep({"DNS:localhost", "IP:10.0.0.1"}, now_);
  EXPECT_NE(shown({"-ext", "subjectAltName"}).find("10.0.0.1"), std::string::npos);
}

TEST_F(AgentCertificateTest, IsMadeNewWhereItsFileIsNoCertificate) {
  keep(names_, now_);
  write_file_atomically((folder_ / "agents.crt").string(), "nonsense");
  keep(names_, now_);
  EXPECT_NE(shown({"-subject"}).find("leoflow agents"), std::string::npos);
}

}  // namespace
}  // namespace leoflow::k3d
