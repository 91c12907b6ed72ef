#pragma once

#include <string>
#include <string_view>

namespace leoflow::store {

/// The statement with $1 written ?1, as SQLite numbers its arguments. Text in
/// single quotes stays as it is.
std::string with_question_marks(std::string_view sql);

}  // namespace leoflow::store
