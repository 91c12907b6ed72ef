#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.hpp"

/// Starting programs that live beside this process.
namespace leoflow {

/// Pointers to texts, as exec and spawn want them: with a null at the end. The texts must outlive them.
std::vector<char*> c_strings(std::vector<std::string>& texts);

/// The variables of this process, "NAME=value" each; the given ones stand in place of those of their names.
std::vector<std::string> environment_with(const std::map<std::string, std::string>& given);

struct SessionStart {
  std::vector<std::string> arguments;              ///< the first one is the program's path
  std::map<std::string, std::string> environment;  ///< see environment_with(); secrets go here
  std::string log_file;                            ///< gets standard output and standard error at its end
  int input = -1;                                  ///< becomes standard input; without it, that is empty
  int third = -1;                                  ///< becomes descriptor 3, if there is one
};

/// Starts a program in a session of its own: what the terminal sends to this process does not reach it, and
/// signals that this process blocks or ignores have their usual effect. No other descriptor is passed on.
/// @returns its process id. Errors: unavailable (naming the program).
Result<int> start_session(SessionStart start);

/// Clock ticks since boot at which a process started; "" if there is none. With its id they name a process
/// for good: ids are used again.
std::string start_ticks(int pid);

}  // namespace leoflow
