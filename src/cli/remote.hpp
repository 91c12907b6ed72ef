#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "http/client.hpp"

namespace CLI {
class App;
}

namespace leoflow::cli {

/// How often a command that waits asks the server again.
constexpr std::chrono::milliseconds kLookEvery{300};
/// How many things it asks for at once.
constexpr int kPage = 100;

/// Adds `--server-url` (also LEOFLOW_SERVER_URL).
void add_server_option(CLI::App& command, std::string& server_url);

/// A running server, asked over its REST API: with the token in LEOFLOW_TOKEN, or else as the admin of this
/// install. That one's token is signed here with the install's own key: no password, a short life, never
/// shown. Every answer but success ends the command with what it says.
class Remote {
 public:
  /// @param server_url "https://host"; "" for Lite on this machine, at its configured port.
  explicit Remote(const std::string& server_url);

  json::value get(const std::string& target) { return ask("GET", target, ""); }
  json::value post(const std::string& target, const json::value& body) {
    return ask("POST", target, json::serialize(body));
  }
  json::value patch(const std::string& target, const json::value& body) {
    return ask("PATCH", target, json::serialize(body));
  }
  /// @param text JSON as it is
  json::value post(const std::string& target, const std::string& text) { return ask("POST", target, text); }
  /// Walks through a list, a page at a time. @param rows name of the list in the answers
  void each(const std::string& target, std::string_view rows,
            const std::function<void(const json::value&)>& then);
  void remove(const std::string& target) { ask("DELETE", target, ""); }

  const std::string& url() const { return url_; }

 private:
  json::value ask(std::string_view method, const std::string& target, std::string_view body);

  std::string url_;
  http::Client client_;
};

/// "/api/v2/dags/ID", with the id encoded.
std::string dag_path(std::string_view dag_id);
/// "/api/v2/dags/ID/dagRuns/RUN", both encoded.
std::string run_path(std::string_view dag_id, std::string_view run_id);

/// The run that was asked for; "latest" and "" mean the newest. Ends the command if there is none.
std::string choose_run(Remote& remote, std::string_view dag_id, const std::string& run_id);

/// A run that was just started.
struct StartedRun {
  json::value run;     ///< as the API describes it
  bool waits = false;  ///< its DAG is paused
};

/// Starts a run. That a DAG is paused, so that its run waits, is said on standard error.
/// @param body of the request
StartedRun start_run(Remote& remote, const std::string& dag_id, const json::object& body);

/// Asks a yes-or-no question on the terminal; anything but "yes" ends the command.
/// @param question with what is going to happen.
void confirm(std::string_view question);

}  // namespace leoflow::cli
