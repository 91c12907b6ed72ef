#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "auth/sealer.hpp"
#include "store/sql.hpp"

namespace leoflow::auth {

struct Resealed {
  std::size_t renewed = 0;
  std::size_t current = 0;                ///< were sealed with the newest key already
  std::vector<std::string> unreadable{};  ///< names of what none of the keys opens: "variable 'x'"
};

/// Seals with the newest key what older ones sealed: variables, connections, and what deferred tasks wait
/// for. Servers may run meanwhile: what one of them changes in between stays as that one wrote it. Whatever
/// is not reached, because the database went away for instance, is renewed by the next call.
Resealed reseal(store::Session& session, const Sealer& sealer);

}  // namespace leoflow::auth
