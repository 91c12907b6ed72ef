#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace leoflow {

/// Splits at every separator; empty parts stay. "" gives one empty part.
std::vector<std::string> split(std::string_view text, char separator);
std::string join(std::span<const std::string> parts, std::string_view separator);
std::string_view trim(std::string_view text);
std::string to_lower(std::string_view text);

/// The candidate that a user probably meant, if one is close enough.
std::optional<std::string> did_you_mean(std::string_view word, std::span<const std::string> candidates);

/// Value of a hex digit, or -1.
int hex_digit(char c);
std::string to_hex(std::string_view bytes);

std::string to_base64(std::string_view bytes);
/// Standard or URL alphabet, padding optional. nullopt if it is neither.
std::optional<std::string> from_base64(std::string_view text);
/// URL alphabet, no padding: the form of JSON web tokens.
std::string to_base64_url(std::string_view bytes);

/// Percent-encodes all but unreserved characters.
std::string url_encode(std::string_view text);
/// nullopt for a broken escape. `plus_is_space` as in query strings.
std::optional<std::string> url_decode(std::string_view text, bool plus_is_space = false);

/// The text with every byte that is not part of valid UTF-8 replaced by U+FFFD.
std::string to_valid_utf8(std::string_view bytes);
bool is_valid_utf8(std::string_view bytes);

/// SHA-256 as lower-case hex.
std::string sha256_hex(std::string_view bytes);
/// SHA-1 as lower-case hex: for identities that others defined so, never for security.
std::string sha1_hex(std::string_view bytes);

/// A whole file; nullopt if it cannot be read.
std::optional<std::string> read_file(const std::string& path);
/// Replaces a file so that readers see the old or the new content, durable once
/// this returns. @param mode permission bits of the new file. Throws Fatal.
void write_file_atomically(const std::string& path, std::string_view content, unsigned mode = 0644);

}  // namespace leoflow
