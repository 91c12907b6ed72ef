#pragma once

#include <memory>
#include <openssl/ssl.h>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "base/freed.hpp"
#include "base/result.hpp"
#include "redis/resolver.hpp"

namespace leoflow::redis {

using Tls = std::shared_ptr<SSL_CTX>;

/// What connections over TLS share. @param ca_file  PEM; "" for the system's authorities.
/// Throws Fatal, naming the file.
Tls make_tls(const std::string& ca_file);

/// A connection, bytes both ways. Nothing takes longer than it may. Not thread safe.
class Stream {
 public:
  /// @param tls  null for none. @param host  what its certificate must be for.
  /// Errors: unavailable, as those of the other functions.
  static Result<Stream> open(const std::vector<SocketAddress>& addresses, const Tls& tls,
                             const std::string& host, Moment until);

  Result<void> write(std::string_view bytes, Moment until);
  /// What has come, and at least one byte.
  Result<std::string_view> read(Moment until);
  /// Neither ended, nor with bytes that nobody has asked for.
  bool is_quiet() const;

 private:
  explicit Stream(Fd socket) : socket_(std::move(socket)) {}
  static Result<Stream> connect(const SocketAddress& address, Moment until);
  Result<void> secure(const Tls& tls, const std::string& host, Moment until);
  /// Waits for what TLS waits for. @param result  of what it was asked.
  Result<void> await_tls(int result, Moment until);
  Result<void> await(short events, Moment until);

  static constexpr std::size_t kRead = std::size_t{64} * 1024;

  Fd socket_;
  std::unique_ptr<SSL, Freed<SSL_free>> tls_;
  std::unique_ptr<char[]> buffer_ = std::make_unique<char[]>(kRead);
};

}  // namespace leoflow::redis
