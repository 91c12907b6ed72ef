#pragma once

#include <functional>

#include "base/result.hpp"
#include "store/sql.hpp"

namespace leoflow::engine {

/// Writes within the transaction of others: what fails undoes its own writes only.
/// Errors: those of the work; conflict (it is there already), unavailable (the database refuses a value).
/// Throws store::Unavailable.
Result<void> try_write(store::Session& session, const std::function<Result<void>(store::Session&)>& work);

}  // namespace leoflow::engine
