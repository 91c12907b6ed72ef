#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "kube/client.hpp"

namespace leoflow::executor {

/// Clients of one API server with their open connections, for whoever asks it next. Thread safe.
class ClientPool {
 public:
  explicit ClientPool(kube::Access access) : access_(std::move(access)) {}

  /// Lends a client to `ask`. @returns what that returns
  template <typename Ask>
  auto use(const Ask& ask) {
    std::unique_ptr<kube::Client> client = take();
    auto out = ask(*client);
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(client));
    return out;
  }

 private:
  std::unique_ptr<kube::Client> take() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return std::make_unique<kube::Client>(access_);
    std::unique_ptr<kube::Client> out = std::move(idle_.back());
    idle_.pop_back();
    return out;
  }

  const kube::Access access_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<kube::Client>> idle_;  ///< protected by mutex_
};

}  // namespace leoflow::executor
