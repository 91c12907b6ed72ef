#pragma once

#include <map>
#include <string>
#include <sys/types.h>

#include "agent/channel.hpp"

namespace leoflow::agent {

struct PythonOptions {
  std::string python;             ///< interpreter of the project's environment
  std::string worker_path;        ///< folder that holds leoflow_worker
  std::string home;               ///< folder for Airflow's own files; made if missing
  std::size_t idle_children = 2;  ///< forked ahead for each recently used DAG file
  std::size_t max_files = 16;     ///< DAG files that are kept imported
};

struct PythonProcess {
  pid_t pid = 0;
  Fd channel;
};

/// Takes as many file descriptors as the system allows: every task costs four.
/// Call it once, before start_python; tasks keep the old limit.
void raise_descriptor_limit();

/// Starts the base process of the warm Python. Throws Fatal (cannot fork).
/// A Python that cannot be executed ends at once with status 127.
PythonProcess start_python(const PythonOptions& options);

}  // namespace leoflow::agent
