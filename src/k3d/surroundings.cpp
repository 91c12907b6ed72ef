#include "k3d/surroundings.hpp"

#include <fmt/format.h>

#include "kube/client.hpp"

namespace leoflow::k3d {
namespace {

/// @param no_matter  a status that is as good as success
Result<void> check(const Result<kube::Answer>& answer, int no_matter, std::string_view what) {
  if (!answer) return std::unexpected(answer.error());
  if (answer->is_ok() || answer->status == no_matter) return {};
  return fail(ErrorCode::unavailable, fmt::format("{}: {}", what, answer->message()));
}

}  // namespace

Result<void> keep_surroundings(const kube::Access& access, const Surroundings& wanted) {
  kube::Client client(access);
  constexpr int kIsThere = 409;
  constexpr int kIsGone = 404;
  auto made = check(client.create("/api/v1/namespaces",
                                  json::object{{"metadata", json::object{{"name", wanted.name_space}}}}),
                    kIsThere, fmt::format("namespace '{}'", wanted.name_space));
  if (!made) return made;

  const std::string maps = fmt::format("/api/v1/namespaces/{}/configmaps", wanted.name_space);
  const std::string map = fmt::format("{}/{}", maps, wanted.ca_config_map);
  const std::string what = fmt::format("config map '{}'", wanted.ca_config_map);
  const auto there = client.get(map);
  if (auto looked = check(there, kIsGone, what); !looked) return looked;
  if (there->is_ok()) {
    const json::value* data = find(there->body, "data");
    if (data != nullptr && get_text(*data, "ca.crt") == wanted.ca) return {};
    if (auto removed = check(client.remove(map, json::object()), kIsGone, what); !removed) return removed;
  }
  return check(client.create(maps, json::object{{"metadata", json::object{{"name", wanted.ca_config_map}}},
                                                {"data", json::object{{"ca.crt", wanted.ca}}}}),
               kIsThere, what);
}

}  // namespace leoflow::k3d
