#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "http/client.hpp"
#include "objects/object_store.hpp"
#include "objects/order.hpp"

namespace leoflow::objects {

/// Where an object is on the server, by its key: path and query, percent-encoded.
using Target = std::function<std::string(const std::string&)>;

struct BucketOptions {
  std::string name;    ///< "s3://bucket/prefix", how objects are called; without a slash at the end
  std::string server;  ///< "https://bucket.s3.eu-central-1.amazonaws.com"
  Target read;         ///< by GET, with ranges
  Target write;        ///< by write_method
  std::string_view write_method = "PUT";
  int tries = 3;                         ///< of a request that the store does not answer, or not now
  std::chrono::milliseconds pause{200};  ///< before the second of them; before the third four times as long
};

/// A bucket whose objects are read by one request and written by one.
class Bucket final : public ObjectStore {
 public:
  /// @param authorizer  null where nobody asks who it is
  Bucket(BucketOptions options, std::unique_ptr<Authorizer> authorizer)
      : options_(std::move(options)), authorizer_(std::move(authorizer)) {}

  std::string url(const std::string& key) const override { return options_.name + "/" + key; }
  Result<void> put(const std::string& key, std::string_view bytes) override;
  Result<Piece> get(const std::string& key, std::uint64_t from, std::uint64_t size) override;

 private:
  /// An answer below 300, or 416. Errors: as those of ObjectStore.
  Result<http::ClientResponse> ask(const std::string& key, Order order);
  Result<http::ClientResponse> ask_once(Order order);
  std::unique_ptr<http::Client> take_client();

  const BucketOptions options_;
  const std::unique_ptr<Authorizer> authorizer_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<http::Client>> idle_;  ///< protected by mutex_; with open connections
};

}  // namespace leoflow::objects
