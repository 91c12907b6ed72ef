#pragma once

#include <map>
#include <string>
#include <sys/types.h>
#include <vector>

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

/// A program and what it starts with.
struct ProcessStart {
  std::vector<std::string> arguments;    ///< the program's absolute path first
  std::vector<std::string> environment;  ///< NAME=VALUE
  int standard_input = -1;               ///< -1: nothing to read
  std::vector<int> kept = {};            ///< descriptors of ours that it has under the same number
  bool is_quiet = false;     ///< its standard output is dropped, else it goes to our standard error
  bool own_session = false;  ///< and a SIGTERM when we die; else a process group of its own
};

/// Starts a program with none of our other descriptors, signals or limits. A program that cannot be executed
/// ends at once with status 127.
/// @returns -1 with errno if there can be no process.
pid_t start_process(ProcessStart start);

/// Our own environment, with what makes Airflow's packages keep to themselves.
/// @param more  goes before both.
std::vector<std::string> airflow_environment(const PythonOptions& options,
                                             const std::map<std::string, std::string>& more = {});

/// Takes as many file descriptors as the system allows: every task costs four.
/// Call it once, before start_python; tasks keep the old limit.
void raise_descriptor_limit();

/// Starts the base process of the warm Python. Throws Fatal (cannot fork).
/// A Python that cannot be executed ends at once with status 127.
PythonProcess start_python(const PythonOptions& options);

}  // namespace leoflow::agent
