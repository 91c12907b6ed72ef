#pragma once

#include "lite/local_parse.hpp"

namespace leoflow::cli {

/// The configured Python environment, checked, with this binary's Python
/// sources unpacked. Ends the command if there is none.
lite::LocalPython local_python();

}  // namespace leoflow::cli
