#pragma once

#include "store/database.hpp"

namespace leoflow::engine {

/// An asset is active while a DAG in use names it or an alias stands for it. This takes the others out of
/// use.
void retire_assets(store::Session& session);

/// Takes into use what is named by now. Of those that share a name or a place the first one stays; the DAGs
/// that name another are warned, and their tasks refuse to run, for nobody could say whose change it was.
void activate_assets(store::Session& session, Time now);

}  // namespace leoflow::engine
