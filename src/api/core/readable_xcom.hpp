#pragma once

#include "base/json.hpp"

namespace leoflow::api {

/// What Airflow shows people of a value that the Task SDK stored: an object of some class is one text, of its
/// class, version and fields, wherever it stands; a text that holds JSON is what it holds; the rest is as it
/// is. A value with an object of Airflow's own classes in it is shown as it is stored, and so is one that
/// says of itself what cannot be (Airflow answers 500).
json::value readable_xcom(const json::value& stored);

}  // namespace leoflow::api
