#include "lite/git_remote.hpp"

#include <gtest/gtest.h>

namespace leoflow::lite {
namespace {

TEST(GitRemote, APasswordIsNoPartOfTheAddress) {
  const GitRemote remote = git_remote("https://me:s3%20cret@host.example:8443/a/b.git?x=y@z");
  EXPECT_EQ(remote.url, "https://me@host.example:8443/a/b.git?x=y@z");
  EXPECT_EQ(remote.credential, "https://me:s3%20cret@host.example:8443");
  EXPECT_EQ(git_remote("http://:token@host").url, "http://@host");
}

TEST(GitRemote, AddressesWithoutAPasswordStayAsTheyAre) {
  for (const char* url : {"https://host.example/a:b@c", "https://me@host.example:8443/a", "git@host:a/b.git",
                          "ssh://me:x@host/a", "/srv/repository", "file:///srv/a", "https://host:8443", ""}) {
    EXPECT_EQ(git_remote(url).url, url);
    EXPECT_FALSE(git_remote(url).credential) << url;
  }
}

}  // namespace
}  // namespace leoflow::lite
