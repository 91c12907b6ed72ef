#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "api/core/call.hpp"
#include "api/core/select.hpp"
#include "api/wire/param_reader.hpp"
#include "api/wire/route.hpp"
#include "dag/access_control.hpp"

/// What groups are given of single DAGs, by the `access_control` of these. It adds to what a role may do with
/// all DAGs: who may do something with all is never asked for groups.
namespace leoflow::api {

/// Whether the caller may do that with a DAG, by role or by group.
bool may(Call& call, std::string_view dag_id, dag::Access access);
bool may(store::Session& session, const auth::Claims& user, std::string_view dag_id, dag::Access access);

/// Whether a call is admitted by groups to what its user's role may not call: of the DAGs that path, query
/// and body name each must be given. Lists that show nothing of other DAGs are open, as is what only tells a
/// user of himself; whatever else is not of a DAG stays closed.
bool is_given(Call& call, const wire::Route& route, const wire::RawParams& params);

/// The ids of the DAGs that the caller's groups may do something with.
struct GivenIds {
  std::string sql;  ///< a SELECT in which each ? stands for one argument
  store::Params params;
};
/// Nothing for who may do that with all.
std::optional<GivenIds> given_ids(const Call& call, dag::Access access);

/// Leaves what is of DAGs that the caller may do this with. No condition for who may with all.
/// @param column  holds the ids of DAGs
void only_given(Select& select, const Call& call, std::string_view column, dag::Access access);
/// Of reading.
void only_readable(Select& select, const Call& call, std::string_view column);

/// The DAGs that a caller may read: all, or those of a set.
class ReadableDags {
 public:
  explicit ReadableDags(Call& call);

  bool all() const { return all_; }
  bool contains(const std::string& dag_id) const { return all_ || some_.contains(dag_id); }
  const std::set<std::string>& some() const { return some_; }

 private:
  bool all_;
  std::set<std::string> some_;
};

}  // namespace leoflow::api
