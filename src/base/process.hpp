#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace leoflow {

struct ProgramResult {
  int exit_code = 0;   ///< 128 + signal if a signal ended it
  std::string output;  ///< standard output and standard error together
};

/// Runs a program to its end, without a shell.
/// @param arguments the program (looked for on PATH) and its arguments.
/// @param on_line told each line of output as it comes, if set.
/// Errors: not_found (no such program).
Result<ProgramResult> run_program(std::vector<std::string> arguments,
                                  const std::function<void(std::string_view)>& on_line = {});

/// Likewise, for a program that has to succeed. @returns what it said
/// Errors: not_found, unavailable (it failed: names program and exit code, with the end of what it said
/// unless `on_line` was told).
Result<std::string> run_or_fail(std::vector<std::string> arguments,
                                const std::function<void(std::string_view)>& on_line = {});

/// Likewise, where nobody wants to know what it said.
Result<void> have_run(std::vector<std::string> arguments,
                      const std::function<void(std::string_view)>& on_line = {});

/// Absolute path of this process's executable.
std::string executable_path();

/// Lets this process and those that it starts open so many files at least, as far as the system permits.
void allow_open_files(std::uint64_t least);

/// Of this machine.
std::string host_name();
/// Of the user as whom this process runs; the number if it has no name.
std::string user_name();

}  // namespace leoflow
