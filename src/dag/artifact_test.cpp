#include "dag/artifact.hpp"

#include <gtest/gtest.h>
#include <random>

namespace leoflow::dag {
namespace {

Artifact example() {
  Artifact artifact;
  artifact.project = "sales";
  artifact.dag_version = "v1";
  artifact.python_version = "3.11";
  artifact.dags.push_back(
      {"load", "dag.py", "print('\"é\"')\n", *parse_json(R"({"dag": {"dag_id": "load", "x": 300.0}})")});
  return artifact;
}

std::string problem_of(std::string_view text) {
  const auto read = Artifact::read(text);
  return read ? "" : read.error().message;
}

std::string changed(std::string_view from, std::string_view to) {
  std::string text = example().text();
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Artifact, IsReadAsItWasWritten) {
  Artifact artifact = example();
  artifact.image = "registry/sales@sha256:1";
  const auto read = Artifact::read(artifact.text());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->text(), artifact.text());
  EXPECT_EQ(read->image, artifact.image);
  EXPECT_EQ(read->dags[0].source, artifact.dags[0].source);
}

TEST(Artifact, AnotherLabelIsTheSameContent) {
  Artifact other = example();
  other.dag_version = "v2";
  EXPECT_EQ(other.content_hash(), example().content_hash());
  EXPECT_NE(other.text(), example().text());
  other.image = "x";
  EXPECT_NE(other.content_hash(), example().content_hash()) << "another image runs something else";
}

TEST(Artifact, WhiteSpaceIsNoChange) {
  EXPECT_EQ(problem_of(changed(R"("dag_id":"load")", R"("dag_id" : "load")")), "");
}

TEST(Artifact, OneThatWasChangedIsRefused) {
  EXPECT_NE(problem_of(changed("print", "evil")).find("it was changed after it was compiled"),
            std::string::npos);
}

TEST(Artifact, OneOfAnotherSchemaIsRefusedByItsVersion) {
  EXPECT_EQ(problem_of(changed(R"("schema_version":"1.0")", R"("schema_version":"2.0")")),
            "the artifact cannot be read: its schema_version is '2.0', this Leoflow reads '1.0'");
}

TEST(Artifact, WhatIsMissingOrOfAnotherTypeIsNamed) {
  EXPECT_NE(problem_of("").find("cannot be read"), std::string::npos);
  EXPECT_EQ(problem_of("[]"), "the artifact cannot be read: 'schema_version' is not a text");
  EXPECT_EQ(problem_of(changed(R"("dag_version":"v1")", R"("dag_version":1)")),
            "the artifact cannot be read: 'dag_version' is not a text");
}

TEST(Artifact, NamesAreWhatPeopleCanType) {
  for (const std::string& name :
       {std::string(), std::string("a\nb"), std::string("a\0b", 3), std::string(251, 'a')}) {
    Artifact artifact = example();
    artifact.project = name;
    EXPECT_EQ(problem_of(artifact.text()),
              name.size() == 3 && name[1] == '\0'
                  ? "the artifact cannot be read: 'content.project' is not free of NUL characters"
                  : "the artifact cannot be read: 'content.project' is not a text of 1 to 250 printable "
                    "characters");
  }
  Artifact artifact = example();
  artifact.dags[0].source = std::string("a\0b", 3);
  EXPECT_EQ(problem_of(artifact.text()),
            "the artifact cannot be read: 'content.dags[0].source' is not free of NUL characters");
}

TEST(Artifact, IdsThatWouldLeadElsewhereAreRefused) {
  Artifact artifact = example();
  artifact.dags[0].serialized = *parse_json(R"({"dag": {"dag_id": "victim"}})");
  EXPECT_EQ(problem_of(artifact.text()), "the artifact cannot be read: the DAG 'load' calls itself 'victim'");
  for (const char* id : {"", "..", "../x", "a/b", "a b", "a\nb"}) {
    artifact = example();
    artifact.dags[0].serialized.at("dag").as_object()["tasks"] =
        json::array{json::object{{"__var", json::object{{"task_id", id}}}}};
    EXPECT_NE(problem_of(artifact.text()).find("is no task_id"), std::string::npos) << id;
  }
}

TEST(Artifact, ADagThatIsThereTwiceIsRefused) {
  Artifact artifact = example();
  artifact.dags.push_back(artifact.dags[0]);
  EXPECT_EQ(problem_of(artifact.text()), "the artifact cannot be read: the DAG 'load' is in it twice");
}

TEST(Artifact, NoChangedByteGivesOtherContent) {
  std::minstd_rand random(7);
  const std::string good = example().text();
  for (int i = 0; i < 5'000; ++i) {
    std::string text = good;
    const std::size_t at = random() % text.size();
    switch (random() % 3) {
      case 0:
        text[at] = static_cast<char>(random() % 256);
        break;
      case 1:
        text.erase(at, 1 + random() % 20);
        break;
      default:
        text.insert(at, 1, static_cast<char>(random() % 256));
    }
    const auto read = Artifact::read(text);
    if (read) {
      EXPECT_EQ(read->content_hash(), example().content_hash()) << text;
    }
  }
}

TEST(Artifact, DoesNotSayWhereItWasCompiled) {
  auto serialized =
      *parse_json(R"({"dag": {"fileloc": "/home/me/dag.py", "_processor_dags_folder": "/tmp/x"}})");
  make_reproducible(serialized, "dag.py");
  EXPECT_EQ(json::serialize(serialized), R"({"dag":{"fileloc":"dag.py"}})");
}

TEST(Artifact, FieldsThatAirflowWritesInAnyOrderAreSorted) {
  auto serialized = *parse_json(
      R"({"dag": {"tags": [], "params": {"z": 1, "a": 2}, "tasks": [{"__type": "operator", "__var": {"task_id": "t",
          "op_kwargs": {"z": 1, "a": 2}, "retries": 1}}]}})");
  make_reproducible(serialized, "d.py");
  EXPECT_EQ(
      json::serialize(serialized),
      R"({"dag":{"fileloc":"d.py","params":{"z":1,"a":2},"tags":[],"tasks":[{"__type":"operator","__var":)"
      R"({"op_kwargs":{"z":1,"a":2},"retries":1,"task_id":"t"}}]}})")
      << "params and arguments keep their order";
}

}  // namespace
}  // namespace leoflow::dag
