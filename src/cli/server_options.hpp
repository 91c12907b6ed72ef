#pragma once

#include <string>
#include <string_view>

#include "app/server.hpp"
#include "cli/pod_options.hpp"

namespace leoflow::cli {

/// What `leoflow server` is told, apart from what its environment says.
struct ServerOptions {
  std::string database_url;
  std::string http = "0.0.0.0:8080";
  std::string grpc = "0.0.0.0:9091";
  std::string metrics = "0.0.0.0:9090";
  std::string certificate_file;
  std::string key_file;
  std::string client_ca_file;
  std::string role = "all";
  std::string secrets = "declared";
  std::string advertise;
  std::string edition;
  std::string logs_folder = "/var/log/leoflow";
  std::string airflow_folder;
  std::string kubeconfig;
  std::string name_space;
  std::string control_plane;
  std::string ca_config_map;
  std::string certificate_secret;
  std::string instance = "leoflow";
  PodOptions pods;
};

/// "host:port". Ends the command, naming the option, if it is none.
app::Address address_of(const std::string& text, std::string_view option);

/// What the options and the environment say that needs neither files nor a cluster: to be refused before any
/// is made. Ends the command where it makes no sense.
app::ServerConfig asked_config(const ServerOptions& options);

/// Puts together what the options and the environment say. Ends the command where they make no sense.
app::ServerConfig server_config(const ServerOptions& options);

}  // namespace leoflow::cli
