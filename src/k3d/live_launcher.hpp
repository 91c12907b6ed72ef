#pragma once

#include <memory>
#include <mutex>
#include <set>

#include "engine/engine.hpp"
#include "fleet/launcher.hpp"
#include "fleet/log_keeper.hpp"
#include "k3d/live_images.hpp"

namespace leoflow::k3d {

/// Runs each attempt in the image of its folder as it is when the attempt starts. Thread safe.
class LiveLauncher final : public fleet::Launcher {
 public:
  /// The others outlive it. @param pods  runs an attempt whose image is there
  LiveLauncher(std::unique_ptr<ImageSource> images, fleet::Launcher& pods, engine::Engine& engine,
               fleet::LogKeeper& logs)
      : pods_(pods), engine_(engine), logs_(logs), images_(std::move(images)) {}

  int free_slots() override;
  void launch(const engine::AttemptSpec& spec) override;
  void recall(const Uuid& attempt) override;
  bool knows_what_is_there() override { return pods_.knows_what_is_there(); }
  bool has_lost(const Uuid& attempt) override { return pods_.has_lost(attempt); }
  void miss(const Uuid& attempt) override { pods_.miss(attempt); }

 private:
  void go_on(engine::AttemptSpec spec, const Result<std::string>& image);

  fleet::Launcher& pods_;
  engine::Engine& engine_;
  fleet::LogKeeper& logs_;

  std::mutex mutex_;
  std::set<Uuid> waiting_;  ///< for their image; protected by mutex_

  const std::unique_ptr<ImageSource> images_;  // last: its thread uses the others
};

}  // namespace leoflow::k3d
