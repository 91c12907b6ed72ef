#pragma once

#include "store/database.hpp"

namespace leoflow::store {

/// PostgreSQL 13 or later through libpq.
/// @param url as libpq understands it, passwords included.
/// Errors: invalid (libpq cannot parse it, no database named).
Result<std::unique_ptr<Database>> open_postgres(const std::string& url);

}  // namespace leoflow::store
