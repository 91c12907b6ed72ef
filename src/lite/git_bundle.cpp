#include "lite/git_bundle.hpp"

#include <filesystem>
#include <fmt/format.h>

#include "base/log.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "lite/git_remote.hpp"

namespace leoflow::lite {
namespace {

namespace fs = std::filesystem;

/// What git says may hold the credentials of a URL.
std::string without_credentials(std::string text) {
  for (auto at = text.find("://"); at != std::string::npos; at = text.find("://", at + 3)) {
    const auto end = text.find_first_of("/ \n'", at + 3);
    const auto sign = text.find('@', at + 3);
    if (sign != std::string::npos && (end == std::string::npos || sign < end)) {
      text.replace(at + 3, sign - at - 3, "***");
    }
  }
  return text;
}

Result<std::string> git(std::vector<std::string> arguments) {
  // Nobody is there to answer a question.
  arguments.insert(arguments.begin(), {"env", "GIT_TERMINAL_PROMPT=0", "git"});
  const auto result = run_program(std::move(arguments));
  if (!result) return std::unexpected(result.error());
  std::string output(trim(result->output));
  if (result->exit_code == 127) return fail(ErrorCode::unavailable, "there is no git on the PATH");
  if (result->exit_code != 0) return fail(ErrorCode::unavailable, without_credentials(output));
  return output;
}

}  // namespace

GitBundle::GitBundle(BundleConfig config, std::string folder, std::function<void()> on_commit)
    : config_(std::move(config)), folder_(std::move(folder)), on_commit_(std::move(on_commit)) {}

GitBundle::~GitBundle() {
  stop();
}

void GitBundle::start() {
  thread_ = std::thread([this] { run(); });
}

void GitBundle::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::optional<GitBundle::Checkout> GitBundle::current() const {
  const std::lock_guard lock(mutex_);
  if (commit_.empty()) return std::nullopt;
  const std::string inside = config_.subdir.empty() ? "" : "/" + config_.subdir;
  return Checkout{folder_of(commit_) + inside, commit_};
}

void GitBundle::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    auto commit = fetch_and_check_out();
    if (!commit) log::error("bundle '{}': {}; trying again", config_.name, commit.error().message);
    lock.lock();
    if (commit && *commit != commit_) {
      commit_ = *commit;
      lock.unlock();
      log::info("bundle '{}' is at {}", config_.name, *commit);
      on_commit_();
      lock.lock();
    }
    changed_.wait_for(lock, config_.refresh_interval, [this] { return stopping_; });
  }
}

Result<std::string> GitBundle::fetch_and_check_out() const {
  try {
    auto commit = fetch();
    if (!commit) return commit;
    if (auto done = check_out(*commit); !done) return std::unexpected(done.error());
    return commit;
  } catch (const Fatal& error) {
    return fail(ErrorCode::unavailable, error.what());
  }
}

Result<std::string> GitBundle::fetch() const {
  const std::string repository = folder_ + "/repository.git";
  std::error_code ignored;
  fs::create_directories(folder_, ignored);
  if (!fs::exists(repository + "/HEAD", ignored)) {
    fs::remove_all(repository, ignored);
    if (auto made = git({"init", "--quiet", "--bare", repository}); !made) return made;
  }
  const GitRemote remote = git_remote(config_.repo_url);
  std::vector<std::string> command{"-C", repository};
  if (remote.credential) {
    // Each time: git takes out what a server refuses.
    write_file_atomically(folder_ + "/credentials", *remote.credential + "\n", 0600);
    command.insert(command.end(),
                   {"-c", "credential.helper=", "-c", "credential.helper=store --file=../credentials"});
  }
  command.insert(command.end(), {"fetch", "--quiet", "--force", "--tags", "--prune", "--", remote.url,
                                 "+refs/heads/*:refs/heads/*"});
  if (auto fetched = git(std::move(command)); !fetched) return fetched;
  auto commit =
      git({"-C", repository, "rev-parse", "--verify", "--quiet", config_.tracking_ref + "^{commit}"});
  if (commit) return commit;
  return fail(ErrorCode::unavailable,
              fmt::format("the repository has no branch, tag or commit '{}'", config_.tracking_ref));
}

Result<void> GitBundle::check_out(const std::string& commit) const {
  const std::string target = folder_of(commit);
  std::error_code ignored;
  if (fs::exists(target, ignored)) return {};
  // Whole or not at all: a server that dies meanwhile leaves nothing that looks like a commit.
  const std::string partial = target + ".part";
  fs::remove_all(partial, ignored);
  const std::string repository = folder_ + "/repository.git";
  (void)git({"-C", repository, "worktree", "prune"});
  auto made = git({"clone", "--quiet", "--shared", "--no-checkout", "--", repository, partial});
  if (made) made = git({"-C", partial, "checkout", "--quiet", "--detach", commit});
  if (!made) return std::unexpected(made.error());
  std::error_code failed;
  fs::rename(partial, target, failed);
  if (failed)
    return fail(ErrorCode::unavailable, fmt::format("cannot make '{}': {}", target, failed.message()));
  return {};
}

void GitBundle::prune(const std::set<std::string>& commits) const {
  const auto newest = current();
  if (!newest) return;
  std::error_code ignored;
  std::vector<fs::path> unused;
  for (fs::directory_iterator it(folder_, ignored), end; !ignored && it != end; it.increment(ignored)) {
    const std::string name = it->path().filename().string();
    constexpr std::size_t kCommitLength = 40;
    if (name.size() == kCommitLength && name != newest->commit && !commits.contains(name))
      unused.push_back(it->path());
  }
  for (const fs::path& folder : unused) fs::remove_all(folder, ignored);
}

}  // namespace leoflow::lite
