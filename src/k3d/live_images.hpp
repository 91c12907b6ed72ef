#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/worker_pool.hpp"
#include "k3d/cluster.hpp"
#include "lite/image_builder.hpp"

namespace leoflow::k3d {

/// What images of projects start from.
struct BaseImages {
  std::string usual;   ///< unless a leoflow.yaml says otherwise
  std::string forced;  ///< whatever it says; "" for none
};

/// Images of folders of DAG files as they are at the moment.
class ImageSource {
 public:
  virtual ~ImageSource() = default;
  /// Does not block. @param then  told the image's name, on another thread
  virtual void image_of(const std::string& folder, std::function<void(Result<std::string>)> then) = 0;
};

/// Those in the nodes of a cluster. Thread safe.
class LiveImages final : public ImageSource {
 public:
  LiveImages(lite::ImageBuilder builder, Cluster cluster, BaseImages bases);

  /// Makes and imports an image if the folder's files changed since the last one, on a thread of its own.
  /// @param then  told the image's name. Errors: those of read_image_recipe, of the builder and the cluster
  void image_of(const std::string& folder, std::function<void(Result<std::string>)> then) override;

 private:
  struct Made {
    std::string fingerprint;
    std::string image;
  };

  Result<std::string> make(const std::string& folder);

  const lite::ImageBuilder builder_;
  const Cluster cluster_;
  const BaseImages bases_;
  std::map<std::string, Made> made_;  ///< by folder; touched by the worker only
  WorkerPool worker_{1};              // last: it uses the others
};

}  // namespace leoflow::k3d
