#pragma once

#include "k3d/plan.hpp"

namespace leoflow::cli {

struct Consent {
  bool yes = false;      ///< given beforehand
  bool dry_run = false;  ///< only say what would be done
};

/// Says what is there and what is to be done, asks, does it and says how it goes. Ends the command if
/// something is in the way, a step fails, or nobody consents.
void carry_out(const k3d::Plan& plan, const Consent& consent);

}  // namespace leoflow::cli
