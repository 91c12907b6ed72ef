#pragma once

#include "store/database.hpp"

namespace leoflow::store {

/// The embedded database: WAL, synchronous=FULL, one writer, readers beside it.
/// @param path absolute file.
std::unique_ptr<Database> open_sqlite(std::string path);

}  // namespace leoflow::store
