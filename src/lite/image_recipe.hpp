#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace leoflow::lite {

/// The variable that names what images start from, whatever a leoflow.yaml says.
constexpr const char* kBaseImage = "LEOFLOW_BASE_IMAGE";

/// What the image of a folder of projects is made of.
struct ImageRecipe {
  std::string folder;                        ///< absolute; its files are in the image
  std::string base_image;                    ///< "" for the task image of `python_version`
  std::string python_version;                ///< "3.11"; "" if no project says
  std::vector<std::string> system_packages;  ///< sorted
  std::vector<std::string> dependencies;     ///< as pip takes them; sorted
  bool has_requirements = false;             ///< whether there is a requirements.txt as well
  std::vector<std::string> excluded;         ///< patterns of a .dockerignore
  std::string registry;                      ///< "registry.example/team"; "" if no project says
  std::string image_name;                    ///< in it

  /// The Dockerfile: the same text for the same recipe. @param base the image to start from.
  std::string dockerfile(const std::string& base) const;
  /// The .dockerignore that goes with it.
  std::string ignore_file() const;
};

/// Puts together what the projects below a folder say.
/// Errors: conflict (two projects that cannot share an image; names them), invalid (a leoflow.yaml is not in
/// order).
Result<ImageRecipe> read_image_recipe(const std::string& folder, const std::vector<std::string>& projects);

}  // namespace leoflow::lite
