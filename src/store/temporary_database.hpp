#pragma once

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "store/database.hpp"
#include "store/migrator.hpp"

namespace leoflow::store {

/// For tests: a database that nobody else uses, removed at the end.
/// PostgreSQL needs LEOFLOW_TEST_POSTGRES, the URL of a server without a database name, such as
/// "postgresql://leoflow@/?host=/socket/dir"; ./test starts one.
class TemporaryDatabase {
 public:
  static bool available(Backend backend) {
    return backend == Backend::sqlite || std::getenv("LEOFLOW_TEST_POSTGRES") != nullptr;
  }

  /// @param migrated whether it has its tables.
  explicit TemporaryDatabase(Backend backend = Backend::sqlite, bool migrated = true) : backend_(backend) {
    const std::string name = "leoflow_test_" + random_hex(6);
    if (backend == Backend::sqlite) {
      folder_ = std::filesystem::temp_directory_path() / name;
      url_ = "sqlite:///" + (folder_ / "leoflow.db").string();
    } else {
      url_ = std::getenv("LEOFLOW_TEST_POSTGRES");
      url_.insert(url_.find('?'), name);
    }
    database_ = Database::open(url_).value();
    database_->create();
    if (migrated && !Migrator(*database_).migrate()) throw std::runtime_error("migrations failed");
  }
  TemporaryDatabase(const TemporaryDatabase&) = delete;
  TemporaryDatabase& operator=(const TemporaryDatabase&) = delete;
  ~TemporaryDatabase() {
    // A test's PostgreSQL goes away as a whole.
    if (backend_ == Backend::sqlite) std::filesystem::remove_all(folder_);
  }

  Database& operator*() const { return *database_; }
  Database* operator->() const { return database_.get(); }
  const std::string& url() const { return url_; }

 private:
  Backend backend_;
  std::filesystem::path folder_;
  std::string url_;
  std::unique_ptr<Database> database_;
};

}  // namespace leoflow::store
