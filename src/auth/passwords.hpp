#pragma once

#include <string>
#include <string_view>

namespace leoflow::auth {

/// An argon2id hash in its usual text form, with a random salt. Takes about
/// 50 ms on purpose: call it from a worker, never from an I/O thread.
std::string hash_password(std::string_view password);

/// Whether the password gives that hash; false too for a damaged hash.
bool password_matches(std::string_view password, const std::string& hash);

/// Whether it is such a hash of any password.
bool is_password_hash(const std::string& text);

/// A strong password that people can type: 20 letters and digits, without look-alikes.
std::string random_password();

}  // namespace leoflow::auth
