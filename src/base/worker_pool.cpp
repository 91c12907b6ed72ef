#include "base/worker_pool.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

namespace leoflow {

struct WorkerPool::Threads {
  explicit Threads(int count) : pool(static_cast<std::size_t>(count)) {}
  boost::asio::thread_pool pool;
};

WorkerPool::WorkerPool(int threads) : threads_(std::make_unique<Threads>(threads)) {}

WorkerPool::~WorkerPool() {
  threads_->pool.join();
}

void WorkerPool::post(std::function<void()> work) {
  boost::asio::post(threads_->pool, std::move(work));
}

}  // namespace leoflow
