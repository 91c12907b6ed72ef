#pragma once

#include <arpa/inet.h>
#include <csignal>
#include <filesystem>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "base/spawn.hpp"
#include "redis/connection.hpp"

namespace leoflow::redis {

/// For tests: a port of this machine that somebody listens on and nobody answers at.
class SilentServer {
 public:
  SilentServer() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof at;
    ::bind(fd_, reinterpret_cast<sockaddr*>(&at), size);
    ::listen(fd_, 8);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size);
    port_ = ntohs(at.sin_port);
  }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;
  ~SilentServer() { ::close(fd_); }
  Address address() const { return {.host = "127.0.0.1", .port = port_}; }

 private:
  const int fd_;
  int port_ = 0;
};

/// For tests: a Redis with nothing in it, which can end and begin anew at the same place.
class RedisServer {
 public:
  /// @param port  the option that says where it answers.
  explicit RedisServer(std::vector<std::string> arguments = {}, std::string port = "--port")
      : arguments_(std::move(arguments)), port_(std::move(port)) {
    address_ = SilentServer().address();
    start();
  }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;
  ~RedisServer() {
    stop();
    std::filesystem::remove(log_);
  }

  void start() {
    std::vector<std::string> command{"/usr/bin/setpriv", "--pdeathsig", "KILL", "/usr/bin/redis-server"};
    command.insert(command.end(), {"--bind", "127.0.0.1", "--port", "0", port_, std::to_string(address_.port),
                                   "--save", "", "--appendonly", "no"});
    command.insert(command.end(), arguments_.begin(), arguments_.end());
    pid_ = start_session({.arguments = command, .environment = {}, .log_file = log_}).value();
    while (!Stream::open(*Resolver(address_.host, address_.port).resolve(soon()), nullptr, "", soon())) {
      // Somebody else took the port meanwhile.
      if (::waitpid(pid_, nullptr, WNOHANG) == pid_) throw std::runtime_error("redis-server ended at once");
      std::this_thread::yield();
    }
  }
  void stop() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(std::exchange(pid_, 0), nullptr, 0);
  }
  const Address& address() const { return address_; }

 private:
  static Moment soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(10); }

  const std::vector<std::string> arguments_;
  const std::string port_;
  const std::string log_ =
      (std::filesystem::temp_directory_path() / ("leoflow-redis-" + random_hex(6))).string();
  Address address_;
  int pid_ = 0;
};

}  // namespace leoflow::redis
