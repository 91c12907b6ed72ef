#include "api/core/connection_rows.hpp"

#include "api/core/bulk.hpp"
#include "api/core/masking.hpp"
#include "base/log.hpp"

namespace leoflow::api {
namespace {

std::optional<std::string> opened(Call& call, const std::string& id,
                                  const std::optional<std::string>& sealed) {
  if (!sealed) return std::nullopt;
  auto text = call.api.sealer.open(*sealed);
  if (text) return std::move(*text);
  log::error("connection '{}': {}", id, text.error().message);
  return std::nullopt;
}

/// Nothing for nothing and for an empty text.
std::optional<std::string> sealed_text(const auth::Sealer& sealer, const std::optional<std::string>& text) {
  if (!text || text->empty()) return std::nullopt;
  return sealer.seal(*text);
}

}  // namespace

store::Params connection_row(const auth::Sealer& sealer, const gen::ConnectionBody& body, Time now) {
  return {body.connection_id,
          body.conn_type,
          body.description,
          body.host,
          body.login,
          body.schema,
          body.port,
          sealed_text(sealer, body.password),
          sealed_text(sealer, body.extra),
          now};
}

gen::ConnectionResponse connection_from(Call& call, store::Row row) {
  gen::ConnectionResponse connection;
  std::optional<std::string> password;
  std::optional<std::string> extra;
  store::Reader(row) >> connection.connection_id >> connection.conn_type >> connection.description >>
      connection.host >> connection.login >> connection.schema >> connection.port >> password >> extra;
  if (password) connection.password = std::string(kMask);
  if (const auto text = opened(call, connection.connection_id, extra)) connection.extra = masked_text(*text);
  return connection;
}

void keep_stored(Call& call, store::Row row, const std::optional<std::vector<std::string>>& mask,
                 gen::ConnectionBody& body) {
  const auto password = opened(call, body.connection_id, row.find_text(7));
  const auto extra = opened(call, body.connection_id, row.find_text(8));
  if (!is_meant(body, mask, "description")) body.description = row.find_text(2);
  if (!is_meant(body, mask, "host")) body.host = row.find_text(3);
  if (!is_meant(body, mask, "login")) body.login = row.find_text(4);
  if (!is_meant(body, mask, "schema")) body.schema = row.find_text(5);
  if (!is_meant(body, mask, "port")) body.port = row.find_integer(6);
  if (!is_meant(body, mask, "conn_type")) body.conn_type = row.text(1);
  // In Airflow, too, none or an empty one does not take the stored one away: clients send null for what they
  // do not change.
  const bool has_password = body.password && !body.password->empty() && body.password != kMask;
  if (!is_meant(body, mask, "password") || !has_password) body.password = password;
  if (!is_meant(body, mask, "extra")) {
    body.extra = extra;
  } else if (body.extra) {
    body.extra = unmasked_text(*body.extra, extra.value_or(""));
  }
}

}  // namespace leoflow::api
