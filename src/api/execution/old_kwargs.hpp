#pragma once

#include "base/json.hpp"

namespace leoflow::api::execution {

/// What a task goes on with after a deferral, for workers before Airflow 3.2: they read
/// {"__type": "datetime", "__var": ...} where the SDK writes {"__classname__": "datetime.datetime", ...} now.
/// Collections and times are converted; an object of another class stays what it is, which those workers
/// cannot read, as with Airflow's own server.
json::value to_old_kwargs(const json::value& kwargs);

}  // namespace leoflow::api::execution
