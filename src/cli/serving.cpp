#include "cli/serving.hpp"

#include <cstdio>
#include <fmt/format.h>
#include <signal.h>

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

}  // namespace leoflow::cli
