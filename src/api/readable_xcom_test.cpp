#include "api/core/readable_xcom.hpp"

#include <gtest/gtest.h>

namespace leoflow::api {
namespace {

/// The texts are what Airflow 3.3.2 answers; a functional test asks it again.
std::string shown_xcom(std::string_view stored) {
  return json::serialize(readable_xcom(*parse_json(stored)));
}

std::string xcom_text(const std::string& stored) {
  return std::string(readable_xcom(*parse_json(stored)).as_string());
}

std::string xcom_of(std::string_view type, std::string_view content) {
  return R"({"__classname__":")" + std::string(type) + R"(","__version__":1,"__data__":)" +
         std::string(content) + "}";
}

TEST(ReadableXCom, WhatHasNoClassIsAsItIs) {
  for (const std::string_view plain : {R"({"a":[1,{"b":null}],"c":1.5E0})", "[]", "true", "null", R"("text")",
                                       R"({"__classname__":"a class without a version"})"}) {
    EXPECT_EQ(shown_xcom(plain), plain);
  }
}

TEST(ReadableXCom, AnObjectIsATextOfItsClassItsVersionAndItsFields) {
  EXPECT_EQ(xcom_text(xcom_of("datetime.date", R"("2026-01-02")")), "datetime.date@version=1(2026-01-02)");
  EXPECT_EQ(xcom_text(xcom_of("decimal.Decimal", "1.1")), "decimal.Decimal@version=1(1.1)");
  EXPECT_EQ(xcom_text(xcom_of("a.B", "null")), "a.B@version=1()");
  EXPECT_EQ(xcom_text(xcom_of("a.B", R"(["","x",null])")), "a.B@version=1(,x,None)");
  EXPECT_EQ(xcom_text(xcom_of("a.B", R"({"a":"x\n","b":1.0,"c":["x",{"y":"z"}],"d":null})")),
            R"(a.B@version=1(a='x\n', b=1.0, c=['x', {'y': 'z'}], d=None))");
}

TEST(ReadableXCom, TuplesAndSetsAreTheirItems) {
  EXPECT_EQ(xcom_text(xcom_of("builtins.tuple", R"([1,"a"])")), "(1,a)");
  EXPECT_EQ(xcom_text(xcom_of("builtins.set", "[]")), "()");
  EXPECT_EQ(xcom_text(xcom_of("builtins.frozenset", "[true]")), "(True)");
  EXPECT_EQ(xcom_text(xcom_of("builtins.tuple", R"("abc")")), "builtins.tuple@version=1(abc)");
}

TEST(ReadableXCom, ObjectsAreFoundWhereverTheyStand) {
  EXPECT_EQ(shown_xcom(R"({"a":[)" + xcom_of("builtins.tuple", "[1]") + "]}"), R"-({"a":["(1)"]})-");
  EXPECT_EQ(xcom_text(xcom_of("a.B", R"({"c":)" + xcom_of("a.C", "[1,2]") + "}")),
            "a.B@version=1(c=a.C@version=1(1,2))");
}

TEST(ReadableXCom, TheDigestBeforeAModuleOfADagFileIsLeftOut) {
  const std::string digest(40, 'a');
  EXPECT_EQ(xcom_text(xcom_of("unusual_prefix_" + digest + "_file.B", "1")), "file.B@version=1(1)");
  EXPECT_EQ(xcom_text(xcom_of("unusual_prefix_abc_file.B", "1")), "unusual_prefix_abc_file.B@version=1(1)");
}

TEST(ReadableXCom, WhatAirflow2StoredIsReadToo) {
  EXPECT_EQ(shown_xcom(R"({"__type":"dict","__var":{"a":1}})"), R"({"a":1})");
  EXPECT_EQ(xcom_text(R"({"__type":"tuple","__var":[1,2]})"), "tuple@version=0(1,2)");
}

TEST(ReadableXCom, ATextThatHoldsJsonIsWhatItHolds) {
  EXPECT_EQ(shown_xcom(R"("42")"), "42");
  EXPECT_EQ(shown_xcom(R"(" [1, 2] ")"), "[1,2]");
  EXPECT_EQ(xcom_text(R"("{\"__classname__\":\"a.B\",\"__version__\":1}")"), "a.B@version=1()");
  for (const std::string_view plain : {R"("")", R"("[1,]")", R"("1 2")", R"("01")"}) {
    EXPECT_EQ(shown_xcom(plain), plain);
  }
}

TEST(ReadableXCom, ANumberThatWouldLoseDigitsStaysText) {
  EXPECT_EQ(shown_xcom(R"("123456789012345678901234567890")"), R"("123456789012345678901234567890")");
  EXPECT_EQ(shown_xcom(R"("18446744073709551615")"), "18446744073709551615");
}

TEST(ReadableXCom, AValueIsShownAsItIsStoredIfAirflowsClassesOrNonsenseAreInIt) {
  for (const std::string& stored : {R"({"a":[)" + xcom_of("airflow.sdk.Asset", "{}") + "]}",
                                    xcom_of("builtins.tuple", "[" + xcom_of("airflow.X", "1") + "]"),
                                    xcom_of("a.B", R"({"c":)" + xcom_of("airflow.X", "1") + "}"),
                                    xcom_of("", "1"), std::string(R"({"__classname__":5,"__version__":1})"),
                                    std::string(R"({"__classname__":"a.B","__version__":"1"})"),
                                    std::string(R"({"__type":"dict","__var":[1]})")}) {
    EXPECT_EQ(shown_xcom(stored), stored);
  }
}

}  // namespace
}  // namespace leoflow::api
