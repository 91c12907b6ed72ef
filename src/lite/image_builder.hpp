#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "lite/image_recipe.hpp"

namespace leoflow::lite {

/// A program of this machine that makes images: docker, podman or buildah.
class ImageBuilder {
 public:
  /// @param name of the program; "" for the first that works. A docker without its daemon does not.
  /// Errors: not_found (there is none), invalid (another program).
  static Result<ImageBuilder> find(const std::string& name);

  const std::string& name() const { return name_; }

  using Lines = std::function<void(std::string_view)>;

  /// @param on_line told what the program says while it works, a line each
  /// Errors: unavailable (the program failed).
  Result<void> build(const ImageRecipe& recipe, const std::string& base, const std::string& tag,
                     const Lines& on_line) const;

  /// Pushes an image to the registry that its tag names.
  /// @returns the image there, pinned: "registry.example/team/sales@sha256:..."
  /// Errors: unavailable (the program failed).
  Result<std::string> push(const std::string& tag, const Lines& on_line) const;

 private:
  explicit ImageBuilder(std::string name) : name_(std::move(name)) {}

  std::string name_;
};

/// A name as images have them: lower case, with a dash for all that is neither a letter nor a digit.
std::string image_name_of(std::string_view project);
/// A label as tags may be: at most 128 of letters, digits, '_', '.' and '-'.
std::string image_tag_of(std::string_view label);
/// "registry.example:5000/team/sales" of "registry.example:5000/team/sales:v1".
std::string repository_of(const std::string& tag);

}  // namespace leoflow::lite
