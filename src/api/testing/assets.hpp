#pragma once

#include <string>

#include "api/testing/fixture.hpp"

namespace leoflow::api {

/// For tests: "hello" makes and reads assets, "other" is scheduled on them.
///   1 orders: made by hello.extract; "other" waits for it; changed three times
///   2 stock:  read by hello.extract, made by hello.report; "other" waits for it
///   3 gone:   nobody's any more
///   4 of-today: what the alias "latest" came to stand for
class AssetsTest : public ApiTest {
 protected:
  AssetsTest();
};

inline const json::array& items(const json::value& document, std::string_view name) {
  return find(document, name)->get_array();
}

/// The named field of each item, joined with commas.
std::string column(const json::array& list, std::string_view name);

/// "source>target" of each edge, sorted and joined with commas.
std::string edges_of(const json::value& graph);

/// "type:id" of each node outside groups, in order, joined with commas.
std::string nodes_of(const json::value& graph);

}  // namespace leoflow::api
