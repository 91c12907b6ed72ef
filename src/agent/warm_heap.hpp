#pragma once

#include "agent/channel.hpp"

namespace leoflow::agent {

/// A file in memory that holds the library of src/warmheap, for the warm Python to load.
/// Throws Fatal (no memory).
Fd warm_heap_library();

}  // namespace leoflow::agent
