#include "cli/remote.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fmt/format.h>
#include <iostream>

#include "auth/tokens.hpp"
#include "base/text.hpp"
#include "base/variables.hpp"
#include "cli/exit.hpp"
#include "lite/config.hpp"

namespace leoflow::cli {
namespace {

constexpr std::chrono::seconds kTokenLife{300};

lite::Config config_of_install() {
  auto config = value_or_exit(lite::load_config(lite::Home::from_environment()));
  if (config.jwt_secret.empty()) throw Exit{3, "this install has no keys yet; run `leoflow setup`"};
  return config;
}

int exit_code_of_status(int status) {
  switch (status) {
    case 400:
    case 422:
      return exit_code_of(ErrorCode::invalid);
    case 401:
    case 403:
      return exit_code_of(ErrorCode::forbidden);
    case 404:
      return exit_code_of(ErrorCode::not_found);
    case 409:
      return exit_code_of(ErrorCode::conflict);
    case 501:
      return exit_code_of(ErrorCode::unsupported);
    default:
      return exit_code_of(ErrorCode::unavailable);
  }
}

/// One entry of a 422's list: "body, conf: Input should be a valid dictionary".
std::string words_of_entry(const json::value& entry) {
  std::vector<std::string> place;
  if (const json::value* loc = find(entry, "loc"); loc != nullptr && loc->is_array()) {
    for (const json::value& part : loc->get_array()) {
      place.push_back(part.is_string() ? std::string(part.get_string()) : json::serialize(part));
    }
  }
  const std::string message = get_text(entry, "msg");
  return place.empty() ? message : fmt::format("{}: {}", join(place, "."), message);
}

std::string words_of(const http::ClientResponse& response) {
  const auto body = response.json_body();
  const json::value* detail = body ? find(*body, "detail") : nullptr;
  if (detail == nullptr) return fmt::format("the server answered {}", response.status);
  if (detail->is_string()) return std::string(detail->get_string());
  if (detail->is_object()) {
    return get_text(*detail, "reason", get_text(*detail, "message", json::serialize(*detail)));
  }
  std::vector<std::string> entries;
  if (detail->is_array()) {
    for (const json::value& entry : detail->get_array()) entries.push_back(words_of_entry(entry));
  }
  return join(entries, "; ");
}

/// Lite's own token is for Lite, whatever port that has.
bool is_this_machine(std::string_view url) {
  const std::size_t scheme = url.find("://");
  std::string_view host = scheme == std::string_view::npos ? url : url.substr(scheme + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  if (host.contains('@')) return false;  // what stands before it is no host
  host = host.substr(0, host.starts_with('[') ? host.find(']') + 1 : host.find(':'));
  return host == "localhost" || host == "127.0.0.1" || host == "[::1]";
}

}  // namespace

void add_server_option(CLI::App& command, std::string& server_url) {
  command.add_option("--server-url", server_url, "The server to talk to (default: Lite on this machine)")
      ->envname("LEOFLOW_SERVER_URL");
}

Remote::Remote(const std::string& server_url) : url_(server_url), client_("") {
  while (url_.ends_with('/')) url_.pop_back();
  std::string token = environment_variable("LEOFLOW_TOKEN");
  if (token.empty() || url_.empty()) {
    const lite::Config config = config_of_install();
    if (url_.empty()) url_ = fmt::format("http://127.0.0.1:{}", config.lite_port);
    const auth::Tokens tokens(auth::fixed_jwt(config.jwt_secret));
    if (token.empty() && !is_this_machine(url_))
      throw Exit{2, fmt::format("LEOFLOW_TOKEN is not set: {} takes a token of its own", url_)};
    if (token.empty())
      token = tokens.issue(config.admin_email, auth::Role::admin, SystemClock().now(), kTokenLife);
  }
  client_ = http::Client(url_);
  client_.use_token(std::move(token));
}

json::value Remote::ask(std::string_view method, const std::string& target, std::string_view body) {
  const auto response = client_.send(method, target, body);
  if (!response) {
    if (response.error().code != ErrorCode::unavailable || url_.starts_with("https://")) {
      throw Exit{exit_code_of(response.error().code), response.error().message};
    }
    throw Exit{exit_code_of(ErrorCode::unavailable),
               fmt::format("no Leoflow at {}: start it with `leoflow lite`", url_)};
  }
  if (response->status >= 300) throw Exit{exit_code_of_status(response->status), words_of(*response)};
  if (response->body.empty()) return nullptr;
  return value_or_exit(response->json_body());
}

void Remote::each(const std::string& target, std::string_view rows,
                  const std::function<void(const json::value&)>& then) {
  for (std::int64_t offset = 0, total = 1; offset < total; offset += kPage) {
    const json::value page = get(fmt::format(
        "{}{}limit={}&offset={}", target, target.find('?') == std::string::npos ? '?' : '&', kPage, offset));
    total = get_integer(page, "total_entries", 0);
    for (const json::value& row : page.at(rows).as_array()) then(row);
  }
}

std::string dag_path(std::string_view dag_id) {
  return "/api/v2/dags/" + url_encode(dag_id);
}

std::string run_path(std::string_view dag_id, std::string_view run_id) {
  return dag_path(dag_id) + "/dagRuns/" + url_encode(run_id);
}

std::string choose_run(Remote& remote, std::string_view dag_id, const std::string& run_id) {
  if (!run_id.empty() && run_id != "latest") return run_id;
  const json::value page = remote.get(dag_path(dag_id) + "/dagRuns?order_by=-run_after&limit=1");
  const auto& runs = page.at("dag_runs").as_array();
  if (runs.empty()) throw Exit{3, fmt::format("'{}' has no run yet", dag_id)};
  return get_text(runs[0], "dag_run_id");
}

StartedRun start_run(Remote& remote, const std::string& dag_id, const json::object& body) {
  StartedRun out;
  out.waits = get_bool(remote.get(dag_path(dag_id)), "is_paused", false);
  out.run = remote.post(dag_path(dag_id) + "/dagRuns", body);
  if (out.waits)
    fmt::print(stderr, "'{0}' is paused: the run waits until `leoflow dags unpause {0}`\n", dag_id);
  return out;
}

void confirm(std::string_view question) {
  fmt::print("{}\nType yes to go on: ", question);
  std::fflush(stdout);
  std::string answer;
  std::getline(std::cin, answer);
  if (answer != "yes") throw Exit{1, "nothing was changed; --yes skips the question"};
}

}  // namespace leoflow::cli
