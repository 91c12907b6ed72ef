#include "api/core/permissions.hpp"

#include "api/testing/fixture.hpp"
#include "auth/users.hpp"
#include "gen/operations.hpp"

namespace leoflow::api {
namespace {

using auth::Role;

class PermissionsTest : public ApiTest {
 protected:
  /// From now on, calls are those of a user with this role.
  void become(std::string_view name, Role role) {
    auth::put_user(*database_->connect(), {std::string(name), "none", role}, now_);
    token_ = tokens_.issue(name, role, now_, auth::Tokens::kUserLife);
  }
  bool may(std::string_view method, std::string_view target) {
    return call(method, target, "{}").status != 403;
  }
};

TEST_F(PermissionsTest, EachRoleMayWhatTheOnesBeforeItMay) {
  become("vera", Role::viewer);
  EXPECT_TRUE(may("GET", "/api/v2/dags"));
  EXPECT_TRUE(may("GET", "/api/v2/pools"));
  EXPECT_TRUE(may("POST", "/api/v2/dags/hello/favorite"));
  EXPECT_FALSE(may("GET", "/api/v2/variables"));
  EXPECT_FALSE(may("GET", "/ui/connections/hook_meta"));
  EXPECT_FALSE(may("PATCH", "/api/v2/dags/hello"));
  become("ulla", Role::user);
  EXPECT_TRUE(may("PATCH", "/api/v2/dags/hello"));
  EXPECT_FALSE(may("GET", "/api/v2/connections"));
  EXPECT_FALSE(may("POST", "/api/v2/pools"));
  become("otto", Role::op);
  EXPECT_TRUE(may("GET", "/api/v2/connections"));
  EXPECT_TRUE(may("POST", "/api/v2/pools"));
}

TEST_F(PermissionsTest, ARefusedCallChangesNothing) {
  become("vera", Role::viewer);
  EXPECT_EQ(call("DELETE", "/api/v2/dags/hello").status, 403);
  EXPECT_TRUE(commands_.deleted.empty());
}

TEST_F(PermissionsTest, ANewRoleHoldsAtOnceForTokensOfBefore) {
  become("ulla", Role::user);
  const auto session = database_->connect();
  auth::set_role(*session, "ulla", Role::viewer, now_);
  EXPECT_FALSE(may("PATCH", "/api/v2/dags/hello"));
  auth::set_role(*session, "ulla", Role::admin, now_);
  EXPECT_TRUE(may("PATCH", "/api/v2/dags/hello"));
}

TEST_F(PermissionsTest, TheTokenOfADeletedUserIsRefused) {
  become("ulla", Role::user);
  auth::delete_user(*database_->connect(), "ulla");
  EXPECT_EQ(detail_of(get("/api/v2/dags")), "Invalid JWT token");
}

}  // namespace
}  // namespace leoflow::api
