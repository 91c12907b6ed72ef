#include "lite/home.hpp"

#include <cstdlib>
#include <pwd.h>
#include <unistd.h>

namespace leoflow::lite {
namespace {

std::filesystem::path user_folder() {
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') return home;
  const passwd* user = ::getpwuid(::getuid());
  return user == nullptr ? "/" : user->pw_dir;
}

}  // namespace

Home Home::from_environment() {
  if (const char* home = std::getenv("LEOFLOW_HOME"); home != nullptr && *home != '\0') {
    return Home(std::filesystem::absolute(home));
  }
  return Home(user_folder() / ".leoflow");
}

std::filesystem::path default_workspace() {
  return user_folder() / "leoflow";
}

}  // namespace leoflow::lite
