#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace leoflow::api {

/// How many streams each user holds: each is a connection and a look at the database every so often. Thread
/// safe.
class OpenStreams {
 public:
  static constexpr int kMost = 100;  ///< of one user

  /// A stream's place among those of its user: theirs until its last copy is gone.
  using Place = std::shared_ptr<const void>;

  /// @returns nothing if the user holds as many as there may be.
  Place take(const std::string& user);

 private:
  struct Held {
    std::mutex mutex;
    std::map<std::string, int> by_user;  // protected by mutex
  };
  const std::shared_ptr<Held> held_ = std::make_shared<Held>();  // places may outlive this
};

}  // namespace leoflow::api
