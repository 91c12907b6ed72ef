#pragma once

namespace CLI {
class App;
}

namespace leoflow::cli {

/// Ends a command that serves without `leoflow server` if a variable is set that only the latter reads.
/// @param program  that has the command `server`.
void refuse_server_variables(const CLI::App& program);

}  // namespace leoflow::cli
