#include "agentrpc/client.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <fmt/core.h>
#include <grpcpp/grpcpp.h>
#include <mutex>
#include <thread>

#include "agentrpc/agent.grpc.pb.h"
#include "agentrpc/session.hpp"
#include "base/text.hpp"

namespace leoflow::agentrpc {
namespace {

constexpr int kConnectMs = 3000;

/// What a file has that holds no token may be anything; gRPC ends the process at what is no text. Such a one
/// is as good as none.
std::string in_one_line(std::string token) {
  const bool is_text = std::ranges::all_of(token, [](char c) { return c >= ' ' && c <= '~'; });
  return is_text ? std::move(token) : std::string();
}

/// One stream, from the attempt to open it to its end.
class ServerStream final : public grpc::ClientBidiReactor<AgentMessage, ServerMessage> {
 public:
  ServerStream(const ClientOptions& options, const grpc::SslCredentialsOptions& tls,
               const std::string& address, ServerEvents& events)
      : events_(events) {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
    arguments.SetMaxSendMessageSize(kMaxMessageBytes);
    // A channel of its own for each try, so that only our backoff counts.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    // A control plane whose machine is gone says nothing: without this nobody notices for a quarter of an
    // hour.
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveMs / 2);
    // One that takes the connection and says nothing more: the next one may be well.
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectMs);
    const auto credentials =
        options.tls.ca.empty() ? grpc::InsecureChannelCredentials() : grpc::SslCredentials(tls);
    const auto channel = grpc::CreateCustomChannel(address, credentials, arguments);
    stub_ = AgentService::NewStub(channel);
    context_.AddMetadata("authorization", "Bearer " + in_one_line(options.token()));
    stub_->async()->Session(&context_, this);
    AgentMessage first;
    *first.mutable_hello() = events_.hello();
    StartRead(&incoming_);
    write(std::move(first));
    StartCall();
  }

  void send(AgentMessage message) {
    const std::lock_guard lock(mutex_);
    if (welcomed_) enqueue(std::move(message));
  }

  void cancel() { context_.TryCancel(); }

  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return done_; });
  }

  bool was_welcomed() const {
    const std::lock_guard lock(mutex_);
    return welcomed_;
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      // The call lives until this returns, and may be gone after that: nothing is written to it any more.
      const std::lock_guard lock(mutex_);
      broken_ = true;
      return;
    }
    if (incoming_.has_welcome()) {
      {
        const std::lock_guard lock(mutex_);
        welcomed_ = !broken_;
      }
      events_.on_welcome(std::move(*incoming_.mutable_welcome()));
    } else {
      events_.on_message(std::move(incoming_));
    }
    incoming_ = {};
    StartRead(&incoming_);
  }

  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    queue_.pop_front();
    broken_ = broken_ || !ok;
    if (broken_) queue_.clear();
    if (!queue_.empty()) StartWrite(&queue_.front());
  }

  void OnDone(const grpc::Status& status) override {
    events_.on_lost(status.ok() ? "the control plane ended the stream" : status.error_message(),
                    status.error_code() == grpc::StatusCode::UNAUTHENTICATED);
    const std::lock_guard lock(mutex_);
    done_ = true;
    // While the lock is held: the waiter destroys this object.
    changed_.notify_all();
  }

 private:
  void write(AgentMessage message) {
    const std::lock_guard lock(mutex_);
    enqueue(std::move(message));
  }

  void enqueue(AgentMessage message) {
    if (done_ || broken_) return;
    queue_.push_back(std::move(message));
    if (queue_.size() == 1) StartWrite(&queue_.front());
  }

  ServerEvents& events_;
  std::unique_ptr<AgentService::Stub> stub_;
  grpc::ClientContext context_;
  ServerMessage incoming_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Protected by mutex_.
  std::deque<AgentMessage> queue_;  // the front is being written
  bool welcomed_ = false;
  bool broken_ = false;
  bool done_ = false;
};

class GrpcClient final : public Client {
 public:
  GrpcClient(ClientOptions options, ServerEvents& events)
      : options_(std::move(options)),
        addresses_(split(options_.address, ',')),
        events_(events),
        thread_([this] { run(); }) {}

  ~GrpcClient() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      if (stream_) stream_->cancel();
    }
    changed_.notify_all();
    thread_.join();
  }

  void send(AgentMessage message) override {
    const std::lock_guard lock(mutex_);
    if (stream_) stream_->send(std::move(message));
  }

 private:
  void run() {
    auto backoff = options_.first_backoff;
    while (true) {
      ServerStream* stream = open();
      if (!stream) return;
      stream->wait();
      const bool was_welcomed = stream->was_welcomed();
      backoff = was_welcomed ? options_.first_backoff : std::min(backoff * 2, options_.last_backoff);
      if (!was_welcomed) next_ = (next_ + 1) % addresses_.size();
      std::unique_ptr<ServerStream> ended;
      std::unique_lock lock(mutex_);
      ended = std::move(stream_);
      if (changed_.wait_for(lock, backoff, [this] { return stopping_; })) return;
    }
  }

  ServerStream* open() {
    const std::lock_guard lock(mutex_);
    if (stopping_) return nullptr;
    read_tls();
    stream_ = std::make_unique<ServerStream>(options_, tls_, addresses_[next_], events_);
    return stream_.get();
  }

  /// What is being replaced or gone is what it was.
  void read_tls() {
    const auto take = [](const std::string& file, std::string& into) {
      if (auto pem = read_file(file); pem && !pem->empty()) into = std::move(*pem);
    };
    take(options_.tls.ca, tls_.pem_root_certs);
    take(options_.tls.certificate, tls_.pem_cert_chain);
    take(options_.tls.key, tls_.pem_private_key);
  }

  const ClientOptions options_;
  const std::vector<std::string> addresses_;
  std::size_t next_ = 0;  ///< only touched by thread_
  ServerEvents& events_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Protected by mutex_.
  // Nobody is trusted until the CA was read: if this were empty, gRPC would trust whom the system does.
  grpc::SslCredentialsOptions tls_{.pem_root_certs = "none"};
  std::unique_ptr<ServerStream> stream_;
  bool stopping_ = false;

  std::thread thread_;  // last: it uses all of the above
};

}  // namespace

std::unique_ptr<Client> Client::start(const ClientOptions& options, ServerEvents& events) {
  return std::make_unique<GrpcClient>(options, events);
}

}  // namespace leoflow::agentrpc
