#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "store/sql.hpp"

namespace leoflow::store {

enum class Backend { sqlite, postgres };

/// A database by its URL: `sqlite:///path/leoflow_dev.db` or
/// `postgresql://user@host/leoflow_dev?host=/socket/dir`. Thread safe.
class Database {
 public:
  /// Errors: invalid (not such a URL). Does not connect yet.
  static Result<std::unique_ptr<Database>> open(const std::string& url);
  virtual ~Database() = default;

  virtual Backend backend() const = 0;
  /// The URL without a password, for people.
  virtual std::string description() const = 0;

  /// A new connection that may write. Throws Unavailable.
  virtual std::unique_ptr<Session> connect() = 0;

  /// Creates the database if the server or folder has none. Throws Unavailable.
  virtual void create() = 0;
  /// Drops every table and index of ours.
  virtual void drop_all() = 0;

  /// A borrowed read-only connection; reads never wait for the writer. A statement that takes longer than
  /// readers may (30 s) throws TooSlow: others wait for the connection, and for who asked.
  class ReadLease;
  ReadLease read();
  /// Another limit, before the first `read()`.
  void limit_reads(std::chrono::milliseconds limit) { read_limit_ = limit; }

 protected:
  virtual std::unique_ptr<Session> connect_for_reading(std::chrono::milliseconds limit) = 0;

 private:
  /// The one used last; null if there is none.
  std::unique_ptr<Session> take_idle();
  /// One that broke has taken those that lie idle with it: they are of the same server.
  void give_back(std::unique_ptr<Session> session);

  std::chrono::milliseconds read_limit_{30'000};
  std::mutex mutex_;
  std::vector<std::unique_ptr<Session>> idle_readers_;  // protected by mutex_
};

class Database::ReadLease {
 public:
  ReadLease(Database& owner, std::unique_ptr<Session> session)
      : owner_(&owner), session_(std::move(session)) {}
  ReadLease(ReadLease&& other) noexcept = default;
  ReadLease& operator=(ReadLease&&) = delete;
  ~ReadLease();
  Session& operator*() const { return *session_; }
  Session* operator->() const { return session_.get(); }

 private:
  Database* owner_;
  std::unique_ptr<Session> session_;
};

}  // namespace leoflow::store
