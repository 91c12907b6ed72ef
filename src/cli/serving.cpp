#include "cli/serving.hpp"

#include <cstdio>
#include <fmt/format.h>
#include <signal.h>

#include "base/text.hpp"
#include "cli/exit.hpp"

namespace leoflow::cli {
namespace {

/// Blocks SIGINT and SIGTERM for every thread that starts from now on.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signals;
}

}  // namespace

void serve(app::ServerConfig config, const std::function<void()>& on_ready) {
  const sigset_t signals = block_signals();
  app::Server server(std::move(config));
  value_or_exit(server.start());
  on_ready();
  std::fflush(stdout);
  int received = 0;
  sigwait(&signals, &received);
  fmt::print(stderr, "stopping\n");
  server.stop();
}

std::string key_from_hex(const std::string& hex, std::string_view name) {
  std::string out;
  bool is_hex = hex.size() % 2 == 0;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    const int high = hex_digit(hex[i]);
    const int low = hex_digit(hex[i + 1]);
    is_hex = is_hex && high >= 0 && low >= 0;
    out += static_cast<char>(high << 4 | low);
  }
  if (!is_hex) throw Exit{2, fmt::format("{} is not hexadecimal", name)};
  return out;
}

}  // namespace leoflow::cli
