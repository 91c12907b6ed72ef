#pragma once

namespace CLI {
class App;
}

namespace leoflow::cli {

// Each adds one command (with its options, examples and what it does) to its parent.
void add_setup(CLI::App& app);
void add_lite(CLI::App& app);
void add_rotate_token_key(CLI::App& lite);
void add_provision(CLI::App& lite);
void add_explain(CLI::App& app);
void add_db(CLI::App& app);
void add_users(CLI::App& app);
void add_tokens(CLI::App& app);
void add_version(CLI::App& app);
void add_project(CLI::App& app);
void add_image(CLI::App& app);
void add_server(CLI::App& app);
void add_demo(CLI::App& app);
void add_push(CLI::App& app);
void add_dags(CLI::App& app);
void add_runs(CLI::App& app);
void add_completion(CLI::App& app);

}  // namespace leoflow::cli
