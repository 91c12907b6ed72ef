#include "store/placeholders.hpp"

namespace leoflow::store {

std::string with_question_marks(std::string_view sql) {
  std::string out(sql);
  bool quoted = false;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (out[i] == '\'') quoted = !quoted;
    const bool number_follows = i + 1 < out.size() && out[i + 1] >= '1' && out[i + 1] <= '9';
    if (!quoted && out[i] == '$' && number_follows) out[i] = '?';
  }
  return out;
}

}  // namespace leoflow::store
