#pragma once

#include <yaml-cpp/yaml.h>

namespace leoflow::lite {

/// The line where something stands in a YAML file, counted from 1.
inline int line_of(const YAML::Node& node) {
  return node.Mark().line + 1;
}

}  // namespace leoflow::lite
