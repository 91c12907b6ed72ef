#include "app/worker_sources.hpp"

#include <span>
#include <string_view>
#include <utility>

#include "base/text.hpp"

namespace leoflow::app {

// Made from python/leoflow_worker by scripts/embed_text.py.
std::span<const std::pair<std::string_view, std::string_view>> embedded_files();

std::filesystem::path unpack_worker_sources(const std::filesystem::path& folder) {
  std::string all;
  for (const auto& [name, text] : embedded_files()) all.append(name).append(text);
  // By content: an agent of an older binary keeps the sources it started with.
  const std::filesystem::path place = folder / sha256_hex(all).substr(0, 12);
  const std::filesystem::path done = place / ".complete";
  if (std::filesystem::exists(done)) return place;
  std::filesystem::create_directories(place / "leoflow_worker");
  for (const auto& [name, text] : embedded_files()) {
    write_file_atomically((place / "leoflow_worker" / name).string(), text);
  }
  write_file_atomically(done.string(), "");
  return place;
}

}  // namespace leoflow::app
