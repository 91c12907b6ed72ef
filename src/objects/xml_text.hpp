#pragma once

#include <string>
#include <string_view>

namespace leoflow::objects {

/// The text of the first element of this name, "" if there is none. For the flat documents that stores and
/// token services answer with, not for XML.
std::string xml_text(std::string_view document, std::string_view name);

}  // namespace leoflow::objects
