#include "redis/stream.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <unistd.h>

namespace leoflow::redis {
namespace {

std::unexpected<Error> trouble(std::string_view what) {
  return fail(ErrorCode::unavailable, std::string(what));
}

std::string tls_reason() {
  const unsigned long code = ERR_get_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return reason == nullptr ? "the connection ended" : reason;
}

bool is_ip_address(const std::string& host) {
  in6_addr ignored{};
  return ::inet_pton(AF_INET, host.c_str(), &ignored) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
}

}  // namespace

Tls make_tls(const std::string& ca_file) {
  Tls out(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  if (!out) throw Fatal("TLS: " + tls_reason());
  SSL_CTX_set_min_proto_version(out.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(out.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(out.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  const int loaded = ca_file.empty() ? SSL_CTX_set_default_verify_paths(out.get())
                                     : SSL_CTX_load_verify_file(out.get(), ca_file.c_str());
  if (loaded != 1) throw Fatal(fmt::format("{} has no certificates: {}", ca_file, tls_reason()));
  return out;
}

Result<Stream> Stream::open(const std::vector<SocketAddress>& addresses, const Tls& tls,
                            const std::string& host, Moment until) {
  Result<Stream> out = trouble("its name has no address");
  for (const SocketAddress& address : addresses) {
    out = connect(address, until);
    if (out) break;
  }
  if (!out || !tls) return out;
  if (auto secured = out->secure(tls, host, until); !secured) return std::unexpected(secured.error());
  return out;
}

Result<Stream> Stream::connect(const SocketAddress& address, Moment until) {
  Stream out(Fd(::socket(address.place.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)));
  const int fd = out.socket_.get();
  if (fd < 0) return trouble(std::strerror(errno));
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address.place), address.size) == 0) return out;
  if (errno != EINPROGRESS) return trouble(std::strerror(errno));
  if (auto waited = out.await(POLLOUT, until); !waited) return std::unexpected(waited.error());
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return trouble(std::strerror(error));
  return out;
}

Result<void> Stream::secure(const Tls& tls, const std::string& host, Moment until) {
  tls_.reset(SSL_new(tls.get()));
  SSL* const ssl = tls_.get();
  if (ssl == nullptr || SSL_set_fd(ssl, socket_.get()) != 1) return trouble(tls_reason());
  if (is_ip_address(host)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str());
  } else {
    SSL_set1_host(ssl, host.c_str());
    SSL_set_tlsext_host_name(ssl, host.c_str());
  }
  while (true) {
    // What others of this thread left there would be taken for what went wrong here.
    ERR_clear_error();
    const int result = SSL_connect(ssl);
    if (result == 1) return {};
    if (const long verified = SSL_get_verify_result(ssl); verified != X509_V_OK)
      return trouble(fmt::format("its certificate: {}", X509_verify_cert_error_string(verified)));
    if (auto waited = await_tls(result, until); !waited) return waited;
  }
}

Result<void> Stream::await_tls(int result, Moment until) {
  switch (SSL_get_error(tls_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return await(POLLIN, until);
    case SSL_ERROR_WANT_WRITE:
      return await(POLLOUT, until);
    default:
      return trouble(tls_reason());
  }
}

Result<void> Stream::await(short events, Moment until) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd asked{.fd = socket_.get(), .events = events, .revents = 0};
    const int ready = ::poll(&asked, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready > 0) return {};
    if (ready == 0) return trouble("it does not answer in time");
    if (errno != EINTR) return trouble(std::strerror(errno));
  }
}

Result<void> Stream::write(std::string_view bytes, Moment until) {
  while (!bytes.empty()) {
    Result<void> waited;
    if (tls_) {
      ERR_clear_error();
      std::size_t written = 0;
      const int result = SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &written);
      bytes.remove_prefix(result == 1 ? written : 0);
      if (result != 1) waited = await_tls(result, until);
    } else {
      const ssize_t written = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (written < 0 && errno != EAGAIN && errno != EINTR) return trouble(std::strerror(errno));
      bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
      if (written < 0) waited = await(POLLOUT, until);
    }
    if (!waited) return waited;
  }
  return {};
}

Result<std::string_view> Stream::read(Moment until) {
  while (true) {
    Result<void> waited;
    if (tls_) {
      ERR_clear_error();
      std::size_t size = 0;
      const int result = SSL_read_ex(tls_.get(), buffer_.get(), kRead, &size);
      if (result == 1) return std::string_view(buffer_.get(), size);
      waited = await_tls(result, until);
    } else {
      const ssize_t size = ::recv(socket_.get(), buffer_.get(), kRead, 0);
      if (size > 0) return std::string_view(buffer_.get(), static_cast<std::size_t>(size));
      if (size == 0) return trouble("the connection ended");
      if (errno != EAGAIN && errno != EINTR) return trouble(std::strerror(errno));
      waited = await(POLLIN, until);
    }
    if (!waited) return std::unexpected(waited.error());
  }
}

bool Stream::is_quiet() const {
  pollfd asked{.fd = socket_.get(), .events = POLLIN, .revents = 0};
  return ::poll(&asked, 1, 0) == 0;
}

}  // namespace leoflow::redis
