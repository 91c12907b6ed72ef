#include "cli/completion.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/format.h>
#include <vector>

#include "base/text.hpp"

namespace leoflow::cli {
namespace {

struct Word {
  std::string text;
  std::string help;
};

struct Command {
  std::string path;  ///< "leoflow dags list"
  std::vector<Word> subcommands;
  std::vector<Word> options;  ///< with their dashes
};

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

void walk(const CLI::App& app, const std::string& path, std::vector<Command>& out) {
  Command command{path, {}, {}};
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      command.options.push_back({"--" + name, first_line(option->get_description())});
    }
    for (const std::string& name : option->get_snames()) {
      command.options.push_back({"-" + name, first_line(option->get_description())});
    }
  }
  const auto children = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* child : children) {
    command.subcommands.push_back({child->get_name(), first_line(child->get_description())});
  }
  out.push_back(std::move(command));
  for (const CLI::App* child : children) walk(*child, path + " " + child->get_name(), out);
}

std::string texts_of(const std::vector<Word>& words) {
  std::vector<std::string> texts;
  for (const Word& word : words) texts.push_back(word.text);
  return join(texts, " ");
}

/// In single quotes, for any of the three shells.
std::string in_quotes(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "’";
    } else {
      out += c;
    }
  }
  return out + "'";
}

/// The words before the cursor that are subcommands make the path; what fits there is offered, else files.
std::string bash_script(const std::vector<Command>& commands) {
  std::string out =
      "# bash completion of leoflow. Use: source <(leoflow completion bash)\n"
      "_leoflow() {\n"
      "  local path=leoflow word i\n"
      "  local current=${COMP_WORDS[COMP_CWORD]}\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    case \"$path ${COMP_WORDS[i]}\" in\n";
  for (const Command& command : commands) {
    if (command.path != "leoflow") {
      out += fmt::format("      {}) path={} ;;\n", in_quotes(command.path), in_quotes(command.path));
    }
  }
  out +=
      "    esac\n"
      "  done\n"
      "  local commands= options=\n"
      "  case \"$path\" in\n";
  for (const Command& command : commands) {
    out += fmt::format("    {}) commands={} options={} ;;\n", in_quotes(command.path),
                       in_quotes(texts_of(command.subcommands)), in_quotes(texts_of(command.options)));
  }
  out +=
      "  esac\n"
      "  if [[ $current == -* ]]; then\n"
      "    COMPREPLY=($(compgen -W \"$options\" -- \"$current\"))\n"
      "  else\n"
      "    COMPREPLY=($(compgen -W \"$commands\" -- \"$current\"))\n"
      "    [[ ${#COMPREPLY[@]} -gt 0 ]] || compopt -o default\n"
      "  fi\n"
      "}\n"
      "complete -F _leoflow leoflow\n";
  return out;
}

/// "name:help" as zsh's _describe takes it.
std::string described(const std::vector<Word>& words) {
  std::string out;
  for (const Word& word : words) out += " " + in_quotes(word.text + ":" + word.help);
  return out;
}

std::string zsh_script(const std::vector<Command>& commands) {
  std::string out =
      "#compdef leoflow\n"
      "# zsh completion of leoflow. Use: source <(leoflow completion zsh)\n"
      "_leoflow() {\n"
      "  local path_=leoflow i\n"
      "  local -a commands_ options_\n"
      "  for ((i = 2; i < CURRENT; i++)); do\n"
      "    case \"$path_ $words[i]\" in\n";
  for (const Command& command : commands) {
    if (command.path != "leoflow") {
      out += fmt::format("      {}) path_={} ;;\n", in_quotes(command.path), in_quotes(command.path));
    }
  }
  out +=
      "    esac\n"
      "  done\n"
      "  case \"$path_\" in\n";
  for (const Command& command : commands) {
    out += fmt::format("    {}) commands_=({}) options_=({}) ;;\n", in_quotes(command.path),
                       described(command.subcommands), described(command.options));
  }
  out +=
      "  esac\n"
      "  if [[ $words[CURRENT] == -* ]]; then\n"
      "    _describe option options_\n"
      "  elif (( $#commands_ )); then\n"
      "    _describe command commands_\n"
      "  else\n"
      "    _files\n"
      "  fi\n"
      "}\n"
      "(( $+functions[compdef] )) && compdef _leoflow leoflow\n";
  return out;
}

std::string fish_option(const Word& option) {
  const bool is_long = option.text.starts_with("--");
  return fmt::format("{} {}", is_long ? "-l" : "-s", option.text.substr(is_long ? 2 : 1));
}

std::string fish_script(const std::vector<Command>& commands) {
  std::string out =
      "# fish completion of leoflow. Use: leoflow completion fish | source\n"
      "function __leoflow_at\n"
      "  set -l path leoflow\n"
      "  for word in (commandline -opc)[2..]\n"
      "    switch \"$path $word\"\n";
  for (const Command& command : commands) {
    if (command.path == "leoflow") continue;
    out +=
        fmt::format("      case {}\n        set path {}\n", in_quotes(command.path), in_quotes(command.path));
  }
  out +=
      "    end\n"
      "  end\n"
      "  test \"$path\" = \"$argv\"\n"
      "end\n";
  for (const Command& command : commands) {
    const std::string at = fmt::format("complete -c leoflow -n '__leoflow_at {}'", command.path);
    for (const Word& child : command.subcommands) {
      out += fmt::format("{} -f -a {} -d {}\n", at, child.text, in_quotes(child.help));
    }
    for (const Word& option : command.options) {
      out += fmt::format("{} {} -d {}\n", at, fish_option(option), in_quotes(option.help));
    }
  }
  return out;
}

}  // namespace

std::string completion_script(const CLI::App& root, std::string_view shell) {
  std::vector<Command> commands;
  walk(root, "leoflow", commands);
  if (shell == "bash") return bash_script(commands);
  if (shell == "zsh") return zsh_script(commands);
  return fish_script(commands);
}

}  // namespace leoflow::cli
