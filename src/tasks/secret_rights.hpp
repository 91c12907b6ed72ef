#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "store/sql.hpp"
#include "tasks/request.hpp"

namespace leoflow::tasks {

/// What tasks, and what else runs of a DAG, may have of the variables and connections of the install.
enum class SecretScope {
  declared,    ///< what their project declares in leoflow.yaml, and each use is in the audit log
  permissive,  ///< all, unless their project declares something
};

enum class SecretKind { variable, connection };

/// Which variables and connections a caller may use, and as whom it is written down.
class SecretRights {
 public:
  /// Of a DAG file that is being parsed: all. What belongs to a DAG but to no run of it has what the DAG's
  /// newest version declares.
  static SecretRights read(store::Session& session, const Caller& caller, SecretScope scope);

  /// Declared names may end in "*": then they stand for all that begin so.
  bool may_use(SecretKind kind, std::string_view name) const;
  /// Whether it may use all.
  bool is_unlimited() const { return is_unlimited_; }

  /// The names that are declared, with their "*".
  std::vector<std::string> names(SecretKind kind) const;

  std::string dag_id;
  std::string run_id;
  std::string task_id;

 private:
  /// @param declared  JSON; nothing: the project declares nothing
  SecretRights with(const std::optional<std::string>& declared, SecretScope scope) &&;

  bool is_unlimited_ = false;
  json::value declared_;  ///< as the project file's overlay wrote it; null: nothing
};

/// "variable" or "connection".
std::string_view kind_name(SecretKind kind);

/// What somebody hears who may not have it.
std::string undeclared(SecretKind kind, std::string_view name);

}  // namespace leoflow::tasks
