#pragma once

#include <string_view>

#include "base/ids.hpp"

namespace leoflow {

/// Always the same for the same name, and another one for every other name.
Uuid named_uuid(std::string_view name);

}  // namespace leoflow
