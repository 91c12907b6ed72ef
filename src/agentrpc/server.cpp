#include "agentrpc/server.hpp"

#include <deque>
#include <fmt/core.h>
#include <grpcpp/grpcpp.h>
#include <mutex>
#include <openssl/crypto.h>

#include "agentrpc/agent.grpc.pb.h"
#include "base/text.hpp"

namespace leoflow::agentrpc {
namespace {

using Stream = grpc::ServerBidiReactor<AgentMessage, ServerMessage>;

/// Compares digests, so that the time tells neither content nor length.
bool is_token(const grpc::CallbackServerContext& context, const std::string& token_digest) {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find("authorization");
  if (found == metadata.end()) return false;
  const std::string_view value(found->second.data(), found->second.size());
  constexpr std::string_view kScheme = "Bearer ";
  if (!value.starts_with(kScheme)) return false;
  const std::string digest = sha256_hex(value.substr(kScheme.size()));
  return CRYPTO_memcmp(digest.data(), token_digest.data(), digest.size()) == 0;
}

class Refusal final : public Stream {
 public:
  Refusal() { Finish({grpc::StatusCode::UNAUTHENTICATED, "wrong or missing agent token"}); }
  void OnDone() override { delete this; }
};

/// What outlives the stream: callers may hold a session after it is lost.
class StreamSession final : public AgentSession {
 public:
  StreamSession(Stream& stream, grpc::CallbackServerContext& context)
      : stream_(&stream), context_(&context) {}

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
  std::mutex mutex_;
  // Protected by mutex_.
  Stream* stream_;
  grpc::CallbackServerContext* context_;
  std::deque<ServerMessage> queue_;  // the front is being written
};

class AgentStream final : public Stream {
 public:
  AgentStream(AgentEvents& events, grpc::CallbackServerContext& context)
      : events_(events), session_(std::make_shared<StreamSession>(*this, context)) {
    StartRead(&incoming_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) return end(grpc::Status::OK);
    if (!connected_) {
      if (!incoming_.has_hello()) {
        return end({grpc::StatusCode::FAILED_PRECONDITION, "the first message must be Hello"});
      }
      connected_ = true;
      events_.on_connected(session_, incoming_.hello());
    } else {
      events_.on_message(session_, std::move(incoming_));
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
  void end(const grpc::Status& status) {
    session_->lose();
    Finish(status);
  }

  AgentEvents& events_;
  std::shared_ptr<StreamSession> session_;
  AgentMessage incoming_;
  bool connected_ = false;
};

class GrpcServer final : public Server, private AgentService::CallbackService {
 public:
  GrpcServer(const ServerOptions& options, AgentEvents& events)
      : token_digest_(sha256_hex(options.token)), events_(events) {}

  ~GrpcServer() override {
    // Streams are endless: nothing would be gained by waiting for them.
    if (server_) server_->Shutdown(std::chrono::system_clock::now());
  }

  bool listen(const std::string& address) {
    grpc::ServerBuilder builder;
    // Otherwise a second server would share a busy port without an error.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
    builder.SetMaxSendMessageSize(kMaxMessageBytes);
    builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    return server_ != nullptr;
  }

  int port() const override { return port_ > 1 ? port_ : 0; }

 private:
  Stream* Session(grpc::CallbackServerContext* context) override {
    if (!is_token(*context, token_digest_)) return new Refusal;
    return new AgentStream(events_, *context);
  }

  std::string token_digest_;
  AgentEvents& events_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options, AgentEvents& events) {
  auto server = std::make_unique<GrpcServer>(options, events);
  if (!server->listen(options.address)) {
    return fail(
        ErrorCode::unavailable,
        fmt::format("cannot listen for agents on '{}': the address is busy or not ours", options.address));
  }
  return server;
}

}  // namespace leoflow::agentrpc
