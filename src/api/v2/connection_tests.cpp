#include <fmt/core.h>

#include "api/core/connection_rows.hpp"
#include "api/core/masking.hpp"
#include "api/resources.hpp"
#include "base/ids.hpp"
#include "base/text.hpp"

// Whether a connection works is told by its hook, which an agent's Python asks: at once, or while the client
// looks again and again.
namespace leoflow::api {
namespace {

/// Longer than an agent gives to Python: whoever has not answered by then never will.
constexpr std::chrono::seconds kLongest{60};
constexpr std::string_view kPending = "pending";
constexpr std::string_view kTimedOut = "Connection test timed out";
/// Tests that have ended are shown so long.
constexpr std::chrono::hours kKept{24};

struct Outcome {
  bool status = false;
  std::string message;
};

Result<void> require_enabled(Call& call) {
  if (call.api.config.settings.test_connection == "Enabled") return {};
  return fail(ErrorCode::forbidden,
              "Testing connections is disabled in Airflow configuration. Contact your deployment admin to "
              "enable it.");
}

/// Clients send an empty text or null for what a type of connection does not have.
template <typename T>
bool is_same(const std::optional<T>& sent, const std::optional<T>& stored) {
  const auto known = [](const std::optional<T>& value) {
    if constexpr (std::is_same_v<T, std::string>) return value && !value->empty();
    return value.has_value();
  };
  return known(sent) == known(stored) && (!known(sent) || *sent == *stored);
}

/// What was not sent or masked is taken from the stored connection: unless it would go to another host.
Result<gen::ConnectionBody> complete(Call& call, gen::ConnectionBody body) {
  if (body.port == 0) body.port.reset();  // so the UI sends that there is none
  const auto rows = call.db().query(
      fmt::format("SELECT {} FROM connection WHERE conn_id = $1", kConnectionColumns), {body.connection_id});
  if (rows.empty()) return body;
  const bool is_elsewhere = (body.has("host") && !is_same(body.host, rows[0].find_text(3))) ||
                            (body.has("port") && !is_same(body.port, rows[0].find_integer(6)));
  if (!is_elsewhere) {
    keep_stored(call, rows[0], std::nullopt, body);
    return body;
  }
  const bool is_extra_masked = body.extra && body.extra->contains(kMask);
  if (body.password && !body.password->empty() && body.password != kMask && !is_extra_masked) return body;
  return fail(
      ErrorCode::invalid,
      "The host or port to test differs from the stored connection. Include the credentials to test in "
      "the request body.");
}

json::object question_about(const gen::ConnectionBody& body) {
  json::object connection{{"conn_type", body.conn_type}};
  const auto add = [&](std::string_view name, const auto& value) {
    if (value) connection[name] = *value;
  };
  add("description", body.description);
  add("host", body.host);
  add("login", body.login);
  add("schema", body.schema);
  add("port", body.port);
  add("password", body.password);
  add("extra", body.extra);
  return {{"ask", "test_connection"}, {"connection", std::move(connection)}};
}

Outcome outcome_of(const Result<json::value>& told) {
  if (!told) return {false, told.error().message};
  return {get_bool(*told, "status", false), get_text(*told, "message")};
}

Result<Answer> test_connection(Call& call, const gen::TestConnectionParams&, gen::ConnectionBody& body) {
  if (auto enabled = require_enabled(call); !enabled) return std::unexpected(enabled.error());
  const auto whole = complete(call, body);
  if (!whole) return std::unexpected(whole.error());
  const Outcome outcome = outcome_of(call.api.commands.ask_python(question_about(*whole)));
  gen::ConnectionTestResponse answer;
  answer.status = outcome.status;
  answer.message = outcome.message;
  return ok(answer);
}

gen::ConnectionBody body_of(const gen::ConnectionTestRequestBody& request) {
  gen::ConnectionBody body;
  body.fields_set = request.fields_set;
  body.connection_id = request.connection_id;
  body.conn_type = request.conn_type;
  body.description = request.description;
  body.host = request.host;
  body.login = request.login;
  body.schema = request.schema;
  body.port = request.port;
  body.password = request.password;
  body.extra = request.extra;
  return body;
}

/// Writes what came of a test, and the connection if it is to be kept.
Result<void> end_test(store::Session& session, const std::string& token, const Outcome& outcome, Time now,
                      const std::optional<store::Params>& kept) {
  const auto changed = session.execute(
      "UPDATE connection_test SET state = $2, result_message = $3, active_connection_id = NULL, updated_at = "
      "$4 "
      "WHERE token = $1 AND active_connection_id IS NOT NULL",
      {token, outcome.status ? "success" : "failed", outcome.message, now});
  if (changed == 0 || !outcome.status || !kept) return {};
  session.execute(
      fmt::format("{} ON CONFLICT (conn_id) DO UPDATE SET conn_type = excluded.conn_type, host = "
                  "excluded.host, login = excluded.login, schema_name = excluded.schema_name, port = "
                  "excluded.port, password = excluded.password, extra = excluded.extra, updated_at = "
                  "excluded.updated_at",
                  kInsertConnection),
      *kept);
  return {};
}

/// Tests of a server that is gone, or that nobody looks at any more.
void tidy_up(store::Session& session, Time now) {
  session.execute(
      "UPDATE connection_test SET state = 'failed', result_message = $2, active_connection_id = NULL "
      "WHERE active_connection_id IS NOT NULL AND updated_at < $1",
      {now - kLongest, kTimedOut});
  session.execute("DELETE FROM connection_test WHERE active_connection_id IS NULL AND updated_at < $1",
                  {now - kKept});
}

Result<Answer> enqueue_connection_test(Call& call, const gen::EnqueueConnectionTestParams&,
                                       gen::ConnectionTestRequestBody& request) {
  if (auto enabled = require_enabled(call); !enabled) return std::unexpected(enabled.error());
  if (request.executor) {
    return fail(ErrorCode::unprocessable,
                fmt::format("Executor '{}' is not configured. Configured executors: []", *request.executor));
  }
  if (request.queue) {
    return fail(ErrorCode::unprocessable,
                fmt::format("Queue '{}' has no workers: connections are tested by the server's own Python. "
                            "Leave queue out.",
                            *request.queue));
  }
  const auto body = complete(call, body_of(request));
  if (!body) return std::unexpected(body.error());
  gen::ConnectionTestQueuedResponse queued;
  queued.token = to_base64_url(random_bytes(32));
  queued.connection_id = request.connection_id;
  queued.state = kPending;
  const auto written =
      call.api.commands.write([&, now = call.now()](store::Session& session) -> Result<void> {
        tidy_up(session, now);
        session.execute(
            "INSERT INTO connection_test (token, connection_id, active_connection_id, state, created_at, "
            "updated_at) "
            "VALUES ($1, $2, $2, $3, $4, $4)",
            {queued.token, queued.connection_id, queued.state, now});
        return {};
      });
  if (!written && written.error().code == ErrorCode::conflict) {
    return fail(ErrorCode::conflict,
                fmt::format("An active connection test already exists for connection_id `{}`.",
                            request.connection_id));
  }
  if (!written) return std::unexpected(written.error());
  std::optional<store::Params> kept;
  if (request.commit_on_success) kept = connection_row(call.api.sealer, *body, call.now());
  call.api.commands.ask_python(
      question_about(*body), [&api = call.api, token = queued.token, kept](const Result<json::value>& told) {
        api.commands.write_later(
            [token, kept, outcome = outcome_of(told), now = api.clock.now()](store::Session& session) {
              return end_test(session, token, outcome, now, kept);
            });
      });
  return ok(queued, 202);
}

Result<Answer> get_connection_test(Call& call, const gen::GetConnectionTestParams& params) {
  const auto rows = call.query(
      "SELECT connection_id, state, result_message, created_at, active_connection_id, updated_at FROM "
      "connection_test "
      "WHERE token = $1",
      {params.Airflow_Connection_Test_Token});
  if (rows.empty()) {
    return fail(ErrorCode::not_found, fmt::format("No connection test found for token: `{}`",
                                                  params.Airflow_Connection_Test_Token));
  }
  const store::Row row = rows[0];
  gen::AsyncConnectionTestResponse test;
  test.token = params.Airflow_Connection_Test_Token;
  test.connection_id = row.text(0);
  test.state = row.text(1);
  test.result_message = row.find_text(2);
  test.created_at = row.time(3);
  if (!row.is_null(4) && row.time(5) < call.now() - kLongest) {
    test.state = "failed";
    test.result_message = kTimedOut;
  }
  return ok(test);
}

}  // namespace

void bind_connection_tests(Registry& registry) {
  registry.bind<op::test_connection>(test_connection);
  registry.bind<op::enqueue_connection_test>(enqueue_connection_test);
  registry.bind<op::get_connection_test>(get_connection_test);
}

}  // namespace leoflow::api
