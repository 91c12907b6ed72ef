#include "agent/sdk_codec.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "base/time_text.hpp"

namespace leoflow::agent {
namespace {

using Nlohmann = nlohmann::json;

constexpr std::size_t kMaxDepth = 200;
/// Extension type -1 of msgpack, as the parser hands it on.
constexpr std::uint64_t kTimestampSubtype = 0xff;

std::uint64_t big_endian(const std::vector<std::uint8_t>& bytes, std::size_t begin, std::size_t end) {
  std::uint64_t value = 0;
  for (std::size_t i = begin; i < end; ++i) value = value << 8 | bytes[i];
  return value;
}

/// The three forms of msgpack's timestamp extension.
std::optional<Time> timestamp(const std::vector<std::uint8_t>& bytes) {
  std::int64_t seconds = 0;
  std::int64_t nanoseconds = 0;
  if (bytes.size() == 4) {
    seconds = static_cast<std::int64_t>(big_endian(bytes, 0, 4));
  } else if (bytes.size() == 8) {
    const std::uint64_t both = big_endian(bytes, 0, 8);
    nanoseconds = static_cast<std::int64_t>(both >> 34);
    seconds = static_cast<std::int64_t>(both & 0x3ffffffffULL);
  } else if (bytes.size() == 12) {
    nanoseconds = static_cast<std::int64_t>(big_endian(bytes, 0, 4));
    seconds = static_cast<std::int64_t>(big_endian(bytes, 4, 12));
  } else {
    return std::nullopt;
  }
  return from_micros(seconds * 1'000'000 + nanoseconds / 1000);
}

/// Builds the JSON document while the msgpack is read.
class DocumentBuilder : public nlohmann::json_sax<Nlohmann> {
 public:
  json::value take() { return std::move(root_); }
  const std::string& error() const { return error_; }
  std::optional<std::int64_t> first_number() const { return first_number_; }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(std::int64_t value) override { return add_number(value); }
  bool number_unsigned(std::uint64_t value) override {
    if (value <= static_cast<std::uint64_t>(INT64_MAX)) return add_number(static_cast<std::int64_t>(value));
    return add(value);
  }
  bool number_float(double value, const std::string&) override {
    // As in Airflow, whose client of the API refuses them, too.
    return std::isfinite(value) ? add(value) : refuse("NaN or Infinity, which JSON does not have");
  }
  bool string(std::string& value) override { return add(json::string(value)); }
  bool binary(Nlohmann::binary_t& value) override {
    if (value.has_subtype()) {
      const auto time = value.subtype() == kTimestampSubtype ? timestamp(value) : std::nullopt;
      return time ? add(json::string(to_iso_z(*time))) : refuse("an unknown extension type");
    }
    const std::string text(value.begin(), value.end());
    return is_valid_utf8(text) ? add(json::string(text)) : refuse("bytes that are not text");
  }
  bool start_object(std::size_t) override { return open(json::object()); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool key(std::string& value) override {
    keys_.back() = value;
    return true;
  }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& error) override {
    return refuse(error.what());
  }

 private:
  bool refuse(std::string_view reason) {
    if (error_.empty()) error_ = reason;
    return false;
  }

  bool add_number(std::int64_t value) {
    if (!first_number_) first_number_ = value;
    return add(value);
  }

  bool add(json::value value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (json::object* object = open_.back().if_object()) {
      (*object)[keys_.back()] = std::move(value);
    } else {
      open_.back().get_array().push_back(std::move(value));
    }
    return true;
  }

  bool open(json::value container) {
    if (open_.size() >= kMaxDepth) return refuse("values nested too deeply");
    open_.push_back(std::move(container));
    keys_.emplace_back();
    return true;
  }

  bool close() {
    json::value done = std::move(open_.back());
    open_.pop_back();
    keys_.pop_back();
    return add(std::move(done));
  }

  json::value root_;
  std::vector<json::value> open_;  // containers, the innermost last
  std::vector<std::string> keys_;  // of the same length: the key in each object
  std::optional<std::int64_t> first_number_;
  std::string error_;
};

Nlohmann parse_or_null(std::string_view text) {
  return text.empty() ? Nlohmann() : Nlohmann::parse(text, nullptr, /*allow_exceptions=*/false);
}

}  // namespace

SdkRequestFrame decode_request(std::string_view payload) {
  SdkRequestFrame request;
  request.size = payload.size();
  DocumentBuilder builder;
  const bool read =
      Nlohmann::sax_parse(payload.begin(), payload.end(), &builder, Nlohmann::input_format_t::msgpack);
  request.id = builder.first_number().value_or(0);
  if (!read) {
    request.error = "the request contains " + builder.error();
    return request;
  }
  json::value document = builder.take();
  json::array* frame = document.if_array();
  if (!frame || frame->size() < 2 || !frame->front().is_int64() || !(*frame)[1].is_object()) {
    request.error = "the request is not an array of an id and a body";
    return request;
  }
  request.body = std::move((*frame)[1]);
  request.type = get_text(request.body, "type");
  if (request.type.empty()) request.error = "the request has no type";
  return request;
}

bool is_final(std::string_view type) {
  constexpr std::array kTypes{"SucceedTask", "RetryTask",      "TaskState",
                              "DeferTask",   "RescheduleTask", "AwaitInputTask"};
  return std::ranges::find(kTypes, type) != kTypes.end();
}

std::string encode_response(std::int64_t id, std::string_view body, std::string_view error) {
  Nlohmann frame = Nlohmann::array({id, parse_or_null(body), parse_or_null(error)});
  if (frame[1].is_discarded() || frame[2].is_discarded()) {
    frame[1] = nullptr;
    frame[2] = parse_or_null(generic_error("the control plane answered with broken JSON"));
  }
  std::string payload;
  Nlohmann::to_msgpack(frame, payload);
  return payload;
}

std::string generic_error(std::string_view message) {
  return json::serialize(json::object{
      {"type", "ErrorResponse"}, {"error", "GENERIC_ERROR"}, {"detail", json::object{{"message", message}}}});
}

}  // namespace leoflow::agent
