#pragma once

namespace leoflow::cli {

/// The whole program. @returns the exit code.
int run(int argc, char** argv);

}  // namespace leoflow::cli
