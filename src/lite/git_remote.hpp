#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace leoflow::lite {

/// The address of a repository, without what others on this machine must not see among git's arguments.
struct GitRemote {
  std::string url;
  /// The address with its password, without a path: one line of a file of `git credential-store`.
  std::optional<std::string> credential;
};

/// Takes a password out of an http(s) address. All other addresses stay as they are.
GitRemote git_remote(std::string_view url);

}  // namespace leoflow::lite
