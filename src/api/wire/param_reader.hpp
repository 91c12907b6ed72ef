#pragma once

#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "api/wire/read_value.hpp"

namespace leoflow::api::wire {

template <typename Rule>
struct IsList : std::false_type {};
template <typename Rule>
struct IsList<ListOf<Rule>> : std::true_type {};
template <typename Rule>
struct IsList<OrNull<ListOf<Rule>>> : std::true_type {};

/// The decoded parameters of a request, by name.
struct RawParams {
  std::map<std::string, std::string, std::less<>> path;
  const std::multimap<std::string, std::string>* query = nullptr;
  const std::multimap<std::string, std::string>* headers = nullptr;  ///< names in lower case
};

/// Reads parameters into typed fields; a field that is not given keeps its default.
class ParamReader {
 public:
  ParamReader(const RawParams& raw, Problems& problems) : raw_(raw), problems_(problems) {}

  template <typename T, typename Rule>
  void path(std::string_view name, T& out, const Rule& rule, bool) {
    if (const auto found = raw_.path.find(name); found != raw_.path.end()) {
      read_value(json::value(found->second), out, rule, Location(Location("path"), name), problems_);
    }
  }
  template <typename T, typename Rule>
  void query(std::string_view name, T& out, const Rule& rule, bool required) {
    read_from(*raw_.query, "query", name, out, rule, required);
  }
  template <typename T, typename Rule>
  void header(std::string_view name, T& out, const Rule& rule, bool required) {
    read_from(*raw_.headers, "header", name, out, rule, required);
  }

 private:
  using Values = std::multimap<std::string, std::string>;

  template <typename T, typename Rule>
  void read_from(const Values& values, std::string_view place, std::string_view name, T& out,
                 const Rule& rule, bool required) {
    const json::value value = collect(values, place, name, IsList<Rule>::value, required);
    if (!value.is_null()) read_value(value, out, rule, Location(Location(place), name), problems_);
  }

  /// A text, or a list of texts; null if it is not there (a problem if required).
  json::value collect(const Values& values, std::string_view place, std::string_view name, bool list,
                      bool required);

  const RawParams& raw_;
  Problems& problems_;
};

}  // namespace leoflow::api::wire
