#include "agent/masker.hpp"

#include <gtest/gtest.h>

namespace leoflow::agent {
namespace {

TEST(Masker, UnnamedTextIsAlwaysASecret) {
  Masker masker;
  masker.add(json::value("swordfish"));
  EXPECT_EQ(masker.mask("say swordfish twice: swordfishswordfish"), "say *** twice: ******");
}

TEST(Masker, NamedTextIsASecretOnlyIfTheNameSoundsLikeOne) {
  Masker masker;
  masker.add(json::value("harmless"), "colour");
  masker.add(json::value("harmful"), "DB Password");
  EXPECT_EQ(masker.mask("harmless harmful"), "harmless ***");
}

TEST(Masker, ShortTextsAndAirflowAreLeftAlone) {
  Masker masker;
  masker.add(json::value("abcd"));
  masker.add(json::value("Airflow"));
  EXPECT_TRUE(masker.is_empty());
  masker.add(json::value("äöüß"));  // four characters in eight bytes
  EXPECT_TRUE(masker.is_empty());
}

TEST(Masker, ObjectsAreWalkedByTheirKeysAndListsKeepTheName) {
  Masker masker;
  masker.add(json::value{{"user", "plainuser"}, {"api_key", {"first-key", "second-key"}}});
  EXPECT_EQ(masker.mask("plainuser first-key second-key"), "plainuser *** ***");
}

TEST(Masker, LongerSecretWinsOverItsBeginning) {
  Masker masker;
  masker.add(json::value("hunter"));
  masker.add(json::value("hunter2000"));
  EXPECT_EQ(masker.mask("hunter2000 hunter20"), "*** ***20");
}

TEST(Masker, AnswersWithConnectionsAndVariablesTeachTheirSecrets) {
  Masker masker;
  masker.add_from_response(json::value{{"type", "ConnectionResult"},
                                       {"password", "conn-pass"},
                                       {"extra", R"({"token": "extra-token", "region": "north-pole"})"}});
  masker.add_from_response(
      json::value{{"type", "VariableResult"}, {"key", "my_secret"}, {"value", "var-value"}});
  masker.add_from_response(json::value{{"type", "VariableResult"}, {"key", "colour"}, {"value", "orange"}});
  EXPECT_EQ(masker.mask("conn-pass extra-token north-pole var-value orange"),
            "*** *** north-pole *** orange");
}

TEST(Masker, MasksInsideOfDocuments) {
  Masker masker;
  masker.add(json::value("quo\"ted"));
  json::value document{{"a", {"x quo\"ted y"}}};
  masker.mask(document);
  EXPECT_EQ(json::serialize(document), R"({"a":["x *** y"]})");
}

}  // namespace
}  // namespace leoflow::agent
