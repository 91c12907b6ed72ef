#include "cli/completion.hpp"

#include <CLI/CLI.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace leoflow::cli {
namespace {

using testing::HasSubstr;

class CompletionTest : public testing::Test {
 protected:
  CompletionTest() : root_("", "leoflow") {
    CLI::App* dags = root_.add_subcommand("dags", "What's there");
    dags->add_subcommand("list", "All DAGs")->add_option("-o,--output", format_, "How");
  }

  std::string format_;
  CLI::App root_;
};

TEST_F(CompletionTest, BashOffersWhatFitsAtEachPlace) {
  const std::string script = completion_script(root_, "bash");
  EXPECT_THAT(script, HasSubstr("'leoflow') commands='dags' options='--help -h' ;;"));
  EXPECT_THAT(script, HasSubstr("'leoflow dags list') commands='' options='--help -h --output -o' ;;"));
}

TEST_F(CompletionTest, ZshShowsWhatEachIsFor) {
  EXPECT_THAT(completion_script(root_, "zsh"), HasSubstr("'leoflow dags') commands_=( 'list:All DAGs')"));
}

TEST_F(CompletionTest, HelpWithAnApostropheDoesNotEndTheQuotes) {
  EXPECT_THAT(completion_script(root_, "fish"), HasSubstr("-f -a dags -d 'What’s there'"));
}

}  // namespace
}  // namespace leoflow::cli
