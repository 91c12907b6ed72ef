#include "api/wire/json_writer.hpp"

#include <charconv>
#include <cmath>

#include "base/text.hpp"
#include "base/time_text.hpp"

namespace leoflow::api::wire {

namespace {

void append_escaped(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::size_t plain = 0;  // start of the bytes not copied yet
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, plain, i - plain);
    plain = i + 1;
    out += '\\';
    switch (c) {
      case '"':
        out += '"';
        break;
      case '\\':
        out += '\\';
        break;
      case '\n':
        out += 'n';
        break;
      case '\r':
        out += 'r';
        break;
      case '\t':
        out += 't';
        break;
      default:
        out += {'u', '0', '0', kHex[c >> 4], kHex[c & 15]};
    }
  }
  out.append(text, plain);
}

}  // namespace

void JsonWriter::separate() {
  if (out_.empty()) return;
  const char last = out_.back();
  // A value that begins a document line, an array or follows its key has no comma.
  if (last != '{' && last != '[' && last != ':' && last != '\n' && last != ',') out_ += ',';
}

void JsonWriter::key(std::string_view name) {
  separate();
  // Names are the specification's: none has to be escaped.
  out_ += '"';
  out_ += name;
  out_ += "\":";
}

void JsonWriter::value(std::nullptr_t) {
  separate();
  out_ += "null";
}

void JsonWriter::value(bool flag) {
  separate();
  out_ += flag ? "true" : "false";
}

void JsonWriter::value(std::int64_t number) {
  separate();
  char digits[24];
  out_.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

void JsonWriter::value(double number) {
  if (!std::isfinite(number)) return value(nullptr);
  separate();
  char digits[40];
  const std::string_view text(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
  out_ += text;
  if (text.find_first_of(".e") == std::string_view::npos) out_ += ".0";
}

void JsonWriter::value(std::string_view text) {
  separate();
  out_ += '"';
  if (is_valid_utf8(text)) {
    append_escaped(out_, text);
  } else {
    append_escaped(out_, to_valid_utf8(text));
  }
  out_ += '"';
}

void JsonWriter::value(Time time) {
  separate();
  out_ += '"';
  append_iso_z(out_, time);
  out_ += '"';
}

void JsonWriter::value(const json::value& document) {
  if (document.is_null()) return value(nullptr);
  separate();
  out_ += json::serialize(document);
}

}  // namespace leoflow::api::wire
