#pragma once

#include "lite/home.hpp"

namespace leoflow::lite {

/// Held by who reads the configuration, changes it and writes it: two at once would undo each other's change.
/// Others wait. The system lets go of it when the process ends, however it ends.
class ConfigLock {
 public:
  explicit ConfigLock(const Home& home);
  ~ConfigLock();
  ConfigLock(const ConfigLock&) = delete;
  ConfigLock& operator=(const ConfigLock&) = delete;

 private:
  int fd_;
};

}  // namespace leoflow::lite
