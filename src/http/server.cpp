#include "http/server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <fmt/core.h>
#include <thread>
#include <vector>

#include "base/log.hpp"
#include "http/connection.hpp"

namespace leoflow::http {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

struct Server::Impl {
  Impl(const ServerConfig& settings, Handler handle)
      : context(settings, std::move(handle)),
        workers(static_cast<std::size_t>(settings.workers)),
        acceptor(io),
        pause(io),
        work(asio::make_work_guard(io)) {}

  Result<void> listen();
  void accept();
  void run();
  void serve();

  // Handlers still queued in `io` and `workers` hold connections, which use the two
  // above them: the order of destruction matters.
  ServerContext context;
  ConnectionSet connections;
  asio::io_context io;
  asio::thread_pool workers;
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  asio::executor_work_guard<asio::io_context::executor_type> work;
  std::vector<std::thread> threads;
  bool stopped = false;
  unsigned short port = 0;
};

Result<void> Server::Impl::listen() {
  const ServerConfig& config = context.config;
  boost::system::error_code error;
  const auto refuse = [&](const std::string& what) -> Result<void> {
    return fail(ErrorCode::unavailable,
                fmt::format("cannot listen on {}:{}: {}", config.host, config.port, what));
  };
  const auto address = asio::ip::make_address(config.host == "localhost" ? "127.0.0.1" : config.host, error);
  if (error) return refuse("not an IP address");
  const tcp::endpoint endpoint(address, config.port);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(1024, error);
  if (error == asio::error::address_in_use) {
    return fail(ErrorCode::unavailable, fmt::format("port {} is in use on {}", config.port, config.host));
  }
  if (error) return refuse(error.message());
  port = acceptor.local_endpoint().port();
  return {};
}

void Server::Impl::accept() {
  acceptor.async_accept(asio::make_strand(io), [this](boost::system::error_code error, tcp::socket socket) {
    if (error == asio::error::operation_aborted || !acceptor.is_open()) return;
    if (!error) {
      start_connection(std::move(socket), context, workers, connections);
      return accept();
    }
    // Out of descriptors or memory: the connection still waits, and asking for it at once would only spin.
    pause.expires_after(std::chrono::milliseconds{100});
    pause.async_wait([this](boost::system::error_code stopped_waiting) {
      if (!stopped_waiting && acceptor.is_open()) accept();
    });
  });
}

void Server::Impl::run() {
  accept();
  for (int i = 0; i < context.config.io_threads; ++i) threads.emplace_back([this] { serve(); });
}

void Server::Impl::serve() {
  for (;;) {
    try {
      io.run();
      return;
    } catch (const std::exception& error) {
      // Its connection is gone; all others go on.
      log::error("a connection is given up: {}", error.what());
    }
  }
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() {
  stop();
}

Result<std::unique_ptr<Server>> Server::start(const ServerConfig& config, Handler handler) {
  auto impl = std::make_unique<Impl>(config, std::move(handler));
  if (auto listening = impl->listen(); !listening) return std::unexpected(listening.error());
  impl->run();
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

unsigned short Server::port() const {
  return impl_->port;
}

void Server::stop() {
  if (impl_->stopped) return;
  impl_->stopped = true;
  asio::post(impl_->io, [this] {
    boost::system::error_code ignored;
    impl_->acceptor.close(ignored);
    impl_->pause.cancel();
  });
  impl_->connections.close_all();
  impl_->workers.join();  // requests in progress finish and post their answers
  impl_->work.reset();
  for (std::thread& thread : impl_->threads) thread.join();
}

}  // namespace leoflow::http
