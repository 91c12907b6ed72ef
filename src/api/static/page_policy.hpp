#pragma once

#include <string>

#include "api/core/plugin_sources.hpp"

namespace leoflow::api {

/// The Content-Security-Policy of a page. The UI injects its styles and compiles WebAssembly (SQL
/// highlighting); all else must come from here, or from these.
std::string page_policy(const PageSources& also = {});

}  // namespace leoflow::api
