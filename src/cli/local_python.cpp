#include "cli/local_python.hpp"

#include <cstdlib>

#include "app/worker_sources.hpp"
#include "cli/exit.hpp"
#include "lite/config.hpp"
#include "lite/python_environment.hpp"

namespace leoflow::cli {

lite::LocalPython local_python() {
  const lite::Home home = lite::Home::from_environment();
  const lite::Config config = value_or_exit(lite::load_config(home));
  lite::LocalPython out;
  out.python = value_or_exit(lite::inspect_python(config.python)).python;
  out.worker_path = app::unpack_worker_sources(home.worker_sources()).string();
  out.minor_version = lite::minor_version_of(out.python);
  return out;
}

void use_plugins(const std::filesystem::path& folder) {
  if (std::filesystem::is_directory(folder))
    ::setenv("AIRFLOW__CORE__PLUGINS_FOLDER", std::filesystem::absolute(folder).c_str(), 0);
}

}  // namespace leoflow::cli
