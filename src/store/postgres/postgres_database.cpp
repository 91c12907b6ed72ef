#include "store/postgres/postgres_database.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <map>

#include "store/postgres/postgres_session.hpp"

namespace leoflow::store {
namespace {

using ConnectionOptions = std::map<std::string, std::string>;

/// A server whose machine is gone says nothing: without these nobody notices for a quarter of an hour. What
/// the URL says counts more. Seconds, but for the last: milliseconds.
constexpr std::pair<const char*, const char*> kPatience[] = {{"connect_timeout", "10"},
                                                             {"keepalives_idle", "5"},
                                                             {"keepalives_interval", "2"},
                                                             {"keepalives_count", "3"},
                                                             {"tcp_user_timeout", "10000"}};

Result<ConnectionOptions> parse_url(const std::string& url) {
  char* reason = nullptr;
  PQconninfoOption* options = PQconninfoParse(url.c_str(), &reason);
  if (options == nullptr) {
    // libpq's text can quote the URL, and with it a password.
    PQfreemem(reason);
    return fail(ErrorCode::invalid,
                "the PostgreSQL URL cannot be parsed; expected postgresql://user@host/database");
  }
  ConnectionOptions out;
  for (const PQconninfoOption* option = options; option->keyword != nullptr; ++option) {
    if (option->val != nullptr) out[option->keyword] = option->val;
  }
  PQconninfoFree(options);
  return out;
}

/// "key='value' ..." as libpq reads it.
std::string to_conninfo(const ConnectionOptions& options) {
  std::string out;
  for (const auto& [key, value] : options) {
    std::string quoted;
    for (const char c : value) {
      if (c == '\'' || c == '\\') quoted += '\\';
      quoted += c;
    }
    out += fmt::format("{}='{}' ", key, quoted);
  }
  return out;
}

std::string quote_identifier(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

class PostgresDatabase final : public Database {
 public:
  explicit PostgresDatabase(ConnectionOptions options) : options_(std::move(options)) {}

  Backend backend() const override { return Backend::postgres; }

  std::string description() const override {
    const auto get = [&](const std::string& key) {
      const auto found = options_.find(key);
      return found == options_.end() ? std::string() : found->second;
    };
    return fmt::format("postgresql://{}@{}/{}", get("user"), get("host"), get("dbname"));
  }

  std::unique_ptr<Session> connect() override {
    return std::make_unique<PostgresSession>(to_conninfo(options_), std::nullopt);
  }

  void create() override {
    ConnectionOptions maintenance = options_;
    maintenance["dbname"] = "postgres";
    const std::string name = options_.at("dbname");
    try {
      connect();
      return;
    } catch (const Unavailable&) {
      // Either the server is away, then the next attempt says so, or the database is missing.
    }
    PostgresSession server(to_conninfo(maintenance), std::nullopt);
    if (!server.query("SELECT 1 FROM pg_database WHERE datname = $1", {name}).empty()) return;
    try {
      server.execute_script(fmt::format("CREATE DATABASE {}", quote_identifier(name)));
    } catch (const Fatal&) {
      connect();  // another replica was first, or there is none now either
    }
  }

  void drop_all() override {
    auto session = connect();
    const Rows tables =
        session->query("SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()");
    Transaction transaction(*session);
    for (const Row row : tables) {
      session->execute_script(fmt::format("DROP TABLE {} CASCADE", quote_identifier(row.text(0))));
    }
    transaction.commit();
  }

 protected:
  std::unique_ptr<Session> connect_for_reading(std::chrono::milliseconds limit) override {
    return std::make_unique<PostgresSession>(to_conninfo(options_), limit);
  }

 private:
  ConnectionOptions options_;
};

}  // namespace

Result<std::unique_ptr<Database>> open_postgres(const std::string& url) {
  auto options = parse_url(url);
  if (!options) return std::unexpected(options.error());
  if (!options->contains("dbname")) return fail(ErrorCode::invalid, "the PostgreSQL URL names no database");
  for (const auto& [key, value] : kPatience) options->try_emplace(key, value);
  return std::make_unique<PostgresDatabase>(std::move(*options));
}

}  // namespace leoflow::store
