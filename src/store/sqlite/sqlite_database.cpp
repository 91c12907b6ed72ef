#include "store/sqlite/sqlite_database.hpp"

#include <filesystem>
#include <fmt/format.h>

#include "store/sqlite/sqlite_session.hpp"

namespace leoflow::store {
namespace {

class SqliteDatabase final : public Database {
 public:
  explicit SqliteDatabase(std::string path) : path_(std::move(path)) {}

  Backend backend() const override { return Backend::sqlite; }
  std::string description() const override { return "sqlite:///" + path_; }
  std::unique_ptr<Session> connect() override { return std::make_unique<SqliteSession>(path_, std::nullopt); }

  void create() override {
    std::error_code error;
    std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), error);
    if (error) throw Unavailable(fmt::format("cannot create the folder of '{}': {}", path_, error.message()));
    connect();
    // Connections and variables are in it.
    std::filesystem::permissions(
        path_, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write, error);
  }

  void drop_all() override {
    auto session = connect();
    session->execute_script("PRAGMA foreign_keys = OFF");
    const Rows tables =
        session->query("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'");
    Transaction transaction(*session);
    for (const Row row : tables) session->execute(fmt::format("DROP TABLE \"{}\"", row.text(0)));
    transaction.commit();
    session->execute_script("VACUUM");
  }

 protected:
  std::unique_ptr<Session> connect_for_reading(std::chrono::milliseconds limit) override {
    return std::make_unique<SqliteSession>(path_, limit);
  }

 private:
  std::string path_;
};

}  // namespace

std::unique_ptr<Database> open_sqlite(std::string path) {
  return std::make_unique<SqliteDatabase>(std::move(path));
}

}  // namespace leoflow::store
