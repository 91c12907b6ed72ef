#pragma once

#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace leoflow::cli {

/// A completion script, made from the tree of commands itself.
/// @param shell "bash", "zsh" or "fish".
std::string completion_script(const CLI::App& root, std::string_view shell);

}  // namespace leoflow::cli
