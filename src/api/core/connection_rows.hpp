#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/core/call.hpp"
#include "auth/sealer.hpp"
#include "gen/types.hpp"
#include "store/sql.hpp"

/// Connections as the database has them: passwords and extras are sealed there.
namespace leoflow::api {

inline constexpr std::string_view kConnectionColumns =
    "conn_id, conn_type, description, host, login, schema_name, port, password, extra";

/// With the arguments of connection_row(), whose places are those of the columns. May be followed by ON
/// CONFLICT.
inline constexpr std::string_view kInsertConnection =
    "INSERT INTO connection (conn_id, conn_type, description, host, login, schema_name, port, password, "
    "extra, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

store::Params connection_row(const auth::Sealer& sealer, const gen::ConnectionBody& body, Time now);

/// As clients may see it, without its secrets. @param row of kConnectionColumns
gen::ConnectionResponse connection_from(Call& call, store::Row row);

/// What the client did not send or masked keeps its stored value. @param row of kConnectionColumns
void keep_stored(Call& call, store::Row row, const std::optional<std::vector<std::string>>& mask,
                 gen::ConnectionBody& body);

}  // namespace leoflow::api
