#include "cli/local_python.hpp"

#include "app/worker_sources.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
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
  const auto version = run_program({out.python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"});
  if (version) out.minor_version = trim(version->output);
  return out;
}

}  // namespace leoflow::cli
