#include "objects/xml_text.hpp"

#include <array>
#include <utility>

namespace leoflow::objects {

std::string xml_text(std::string_view document, std::string_view name) {
  const std::string open = "<" + std::string(name) + ">";
  const std::size_t start = document.find(open);
  if (start == std::string_view::npos) return "";
  document.remove_prefix(start + open.size());
  std::string text(document.substr(0, document.find('<')));
  // The ampersand last: what it stands for is no beginning of another.
  constexpr std::array<std::pair<std::string_view, char>, 5> kEntities{
      {{"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&amp;", '&'}}};
  for (const auto& [entity, character] : kEntities) {
    for (std::size_t at = 0; (at = text.find(entity, at)) != std::string::npos; ++at)
      text.replace(at, entity.size(), 1, character);
  }
  return text;
}

}  // namespace leoflow::objects
