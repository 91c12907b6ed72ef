#include "cli/run.hpp"

int main(int argc, char** argv) { return leoflow::cli::run(argc, argv); }
