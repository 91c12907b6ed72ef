#include "agentrpc/server.hpp"

#include <deque>
#include <fmt/core.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <mutex>
#include <openssl/crypto.h>
#include <utility>

#include "agentrpc/agent.grpc.pb.h"
#include "base/log.hpp"
#include "base/text.hpp"

namespace leoflow::agentrpc {
namespace {

using Stream = grpc::ServerBidiReactor<AgentMessage, ServerMessage>;

/// How often the files of the certificate are looked at.
constexpr unsigned kCertificateSeconds = 10;

/// "" if it presents none.
std::string token_of(const grpc::CallbackServerContext& context) {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find("authorization");
  if (found == metadata.end()) return "";
  const std::string_view value(found->second.data(), found->second.size());
  constexpr std::string_view kScheme = "Bearer ";
  return value.starts_with(kScheme) ? std::string(value.substr(kScheme.size())) : "";
}

/// In a time that tells nothing of it.
bool has_secret(const Hello& hello, const AgentIdentity& identity) {
  const std::string& expected = identity.secret_digest;
  if (expected.empty()) return true;
  const std::string digest = sha256_hex(hello.secret());
  return digest.size() == expected.size() &&
         CRYPTO_memcmp(digest.data(), expected.data(), digest.size()) == 0;
}

/// What outlives the stream: callers may hold a session after it is lost.
class StreamSession final : public AgentSession {
 public:
  StreamSession(Stream& stream, grpc::CallbackServerContext& context)
      : stream_(&stream), context_(&context) {}

  const AgentIdentity& identity() const override { return identity_; }
  /// Before anybody else knows of it.
  void identify(AgentIdentity identity) { identity_ = std::move(identity); }

  void send(ServerMessage message) override {
    const std::lock_guard lock(mutex_);
    if (!stream_) return;
    queue_.push_back(std::move(message));
    if (queue_.size() == 1) stream_->StartWrite(&queue_.front());
  }

  void close() override {
    const std::lock_guard lock(mutex_);
    if (stream_) context_->TryCancel();
  }

  void written(bool ok) {
    const std::lock_guard lock(mutex_);
    queue_.pop_front();
    if (!ok) queue_.clear();
    if (stream_ && !queue_.empty()) stream_->StartWrite(&queue_.front());
  }

  void lose() {
    const std::lock_guard lock(mutex_);
    stream_ = nullptr;
  }

 private:
  AgentIdentity identity_;
  std::mutex mutex_;
  // Protected by mutex_.
  Stream* stream_;
  grpc::CallbackServerContext* context_;
  std::deque<ServerMessage> queue_;  // the front is being written
};

class AgentStream final : public Stream {
 public:
  AgentStream(AgentEvents& events, grpc::CallbackServerContext& context, const Authenticate& authenticate)
      : events_(events), session_(std::make_shared<StreamSession>(*this, context)) {
    // It lives until end(), which nobody else calls before the first read.
    authenticate(token_of(context), [this](const Result<AgentIdentity>& identity) { admit(identity); });
  }

  void OnReadDone(bool ok) override {
    if (!ok) return end(grpc::Status::OK);
    if (!connected_) {
      if (!incoming_.has_hello()) {
        return end({grpc::StatusCode::FAILED_PRECONDITION, "the first message must be Hello"});
      }
      if (!has_secret(incoming_.hello(), session_->identity())) return refuse();
    }
    try {
      hear();
    } catch (const std::exception& error) {
      // gRPC would hide it, and this agent would never be read from again.
      log::error("what an agent says cannot be handled: {}", error.what());
      return end({grpc::StatusCode::INTERNAL, "it cannot be handled"});
    }
    incoming_ = {};
    StartRead(&incoming_);
  }

  void OnWriteDone(bool ok) override { session_->written(ok); }

  void OnDone() override {
    if (connected_) events_.on_disconnected(session_);
    delete this;
  }

 private:
  void hear() {
    if (std::exchange(connected_, true)) return events_.on_message(session_, std::move(incoming_));
    events_.on_connected(session_, incoming_.hello());
  }

  void admit(const Result<AgentIdentity>& identity) {
    if (!identity) {
      const bool is_refused = identity.error().code == ErrorCode::unauthenticated;
      return end({is_refused ? grpc::StatusCode::UNAUTHENTICATED : grpc::StatusCode::UNAVAILABLE,
                  identity.error().message});
    }
    session_->identify(*identity);
    StartRead(&incoming_);
  }

  /// The true agent has nothing to do then: whoever was to tell it the secret died before that.
  void refuse() {
    session_->lose();
    farewell_.mutable_shutdown();
    StartWriteAndFinish(
        &farewell_, {},
        {grpc::StatusCode::UNAUTHENTICATED, "the agent does not have the secret of its attempt"});
  }

  void end(const grpc::Status& status) {
    session_->lose();
    Finish(status);
  }

  AgentEvents& events_;
  std::shared_ptr<StreamSession> session_;
  AgentMessage incoming_;
  ServerMessage farewell_;
  bool connected_ = false;
};

class GrpcServer final : public Server, private AgentService::CallbackService {
 public:
  GrpcServer(const ServerOptions& options, AgentEvents& events)
      : authenticate_(options.authenticate), events_(events) {}

  ~GrpcServer() override {
    // Streams are endless: nothing would be gained by waiting for them.
    if (server_) server_->Shutdown(std::chrono::system_clock::now());
  }

  bool listen(const ServerOptions& options) {
    grpc::ServerBuilder builder;
    // Otherwise a second server would share a busy port without an error.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveMs / 2);
    // Agents ask whether we are there as often.
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kKeepaliveMs / 2);
    builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
    builder.SetMaxSendMessageSize(kMaxMessageBytes);
    builder.AddListeningPort(options.address, credentials_of(options), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    return server_ != nullptr;
  }

  int port() const override { return port_ > 1 ? port_ : 0; }

 private:
  static std::shared_ptr<grpc::ServerCredentials> credentials_of(const ServerOptions& options) {
    if (options.certificate_file.empty()) return grpc::InsecureServerCredentials();
    const auto files = std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
        options.key_file, options.certificate_file, options.client_ca_file, kCertificateSeconds);
    grpc::experimental::TlsServerCredentialsOptions tls(files);
    tls.watch_identity_key_cert_pairs();
    tls.set_cert_request_type(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
    if (!options.client_ca_file.empty()) {
      tls.watch_root_certs();
      tls.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    }
    return grpc::experimental::TlsServerCredentials(tls);
  }

  Stream* Session(grpc::CallbackServerContext* context) override {
    return new AgentStream(events_, *context, authenticate_);
  }

  const Authenticate authenticate_;
  AgentEvents& events_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace

Authenticate by_token(const std::string& token) {
  // Digests, so that the time tells neither content nor length.
  return [expected = sha256_hex(token)](const std::string& presented, const auto& then) {
    const std::string digest = sha256_hex(presented);
    if (CRYPTO_memcmp(digest.data(), expected.data(), digest.size()) == 0) return then(AgentIdentity{});
    then(fail(ErrorCode::unauthenticated, "wrong or missing agent token"));
  };
}

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options, AgentEvents& events) {
  auto server = std::make_unique<GrpcServer>(options, events);
  if (!server->listen(options)) {
    return fail(
        ErrorCode::unavailable,
        fmt::format("cannot listen for agents on '{}': the address is busy or not ours", options.address));
  }
  return server;
}

}  // namespace leoflow::agentrpc
