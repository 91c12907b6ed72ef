#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/wire/param_reader.hpp"
#include "api/wire/route.hpp"

namespace leoflow::api {

/// Finds the operation of a path. Immutable, thread safe.
class Router {
 public:
  /// @param routes  must outlive it.
  explicit Router(std::span<const wire::Route> routes);

  struct Match {
    std::optional<std::size_t> operation;  ///< index into the routes
    std::string allowed;  ///< if there is none: the methods of the path, empty if there is no such path
    wire::RawParams params;
  };
  /// @param path percent-encoded, as it came.
  Match find(std::string_view method, std::string_view path) const;

 private:
  struct Segment {
    std::string_view text;  ///< literal, or the parameter's name
    bool parameter = false;
    bool greedy = false;  ///< may hold slashes
  };
  struct Pattern {
    std::vector<Segment> segments;
    std::size_t operation;
    bool greedy = false;
  };
  static bool match(const Pattern& pattern, const std::vector<std::string>& parts, wire::RawParams& params);

  std::span<const wire::Route> routes_;
  std::vector<Pattern> patterns_;
};

}  // namespace leoflow::api
