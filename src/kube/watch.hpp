#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "kube/client.hpp"

namespace leoflow::kube {

/// Follows a collection on a thread of its own: tells what is there, then what becomes of it. A lost
/// connection is resumed where it was; when the server has forgotten that place, all is told again.
class Watch {
 public:
  struct Events {
    /// It is about to ask for all that is there.
    std::function<void()> on_listing;
    /// All that was there at some time since on_listing; what was known at that and is not among it is gone.
    std::function<void(const json::array& objects)> on_list;
    /// @param type "ADDED", "MODIFIED" or "DELETED"
    std::function<void(std::string_view type, const json::value& object)> on_event;
    /// The server cannot be asked; said again for each try.
    std::function<void(const std::string& why)> on_trouble;
  };

  /// @param path of the collection. @param query e.g. "labelSelector=a%3Db"; "" for all
  Watch(Access access, std::string path, std::string query, Events events);
  ~Watch();
  void start();
  /// Returns after the last call. Safe to call twice.
  void stop();

 private:
  void run();
  /// @returns whether it was listed.
  bool list();
  /// Until the connection ends. @returns whether to go on from there.
  bool follow();
  void pause();
  void trouble(const std::string& why);
  bool is_stopping();

  const std::string path_;
  const std::string query_;
  const Events events_;
  Client client_;
  std::string resource_version_;
  int failures_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;  ///< protected by mutex_
  std::thread thread_;
};

}  // namespace leoflow::kube
