#pragma once

#include <array>
#include <functional>
#include <type_traits>

#include "api/core/call.hpp"
#include "api/wire/body_json.hpp"
#include "gen/operations.hpp"

namespace leoflow::api {

/// Which handler answers which operation. Binding a name that the OpenAPI files
/// do not have, or a handler with other parameters, does not compile.
class Registry {
 public:
  using Slot = std::function<Result<Answer>(Call&, const wire::RawParams&)>;

  /// @param handler Result<Answer>(Call&, const Op::Params&) or, for operations
  /// with a body, Result<Answer>(Call&, const Op::Params&, Op::Body&).
  template <typename Op, typename Handler>
  void bind(Handler handler) {
    slots_[Op::kIndex] = [handler](Call& call, const wire::RawParams& raw) -> Result<Answer> {
      wire::Problems problems;
      typename Op::Params params;
      if constexpr (requires { params.limit; }) params.limit = call.api.config.settings.fallback_page_limit;
      wire::ParamReader reader(raw, problems);
      params.parse(reader);
      if constexpr (std::is_same_v<typename Op::Body, wire::NoBody>) {
        if (!problems.empty()) return unprocessable(problems);
        return handler(call, params);
      } else {
        typename Op::Body body;
        parse_body(call, body, problems);
        if (!problems.empty()) return unprocessable(problems);
        return handler(call, params, body);
      }
    };
  }

  /// For the operations that read the request themselves: @param handler Result<Answer>(Call&).
  template <typename Op, typename Handler>
  void bind_raw(Handler handler) {
    slots_[Op::kIndex] = [handler](Call& call, const wire::RawParams&) -> Result<Answer> {
      return handler(call);
    };
  }

  const Slot& slot(std::size_t index) const { return slots_[index]; }

 private:
  static std::optional<json::value> document_of(const Call& call, bool required, wire::Problems& problems) {
    return wire::body_json(call.request.body, call.request.header("content-type"), required, problems);
  }
  template <typename Body>
  static void parse_body(Call& call, Body& body, wire::Problems& problems) {
    if (const auto document = document_of(call, true, problems)) {
      body.parse(*document, wire::Location("body"), problems);
    }
  }
  template <typename Body>
  static void parse_body(Call& call, std::optional<Body>& body, wire::Problems& problems) {
    const auto document = document_of(call, false, problems);
    if (document && !document->is_null()) body.emplace().parse(*document, wire::Location("body"), problems);
  }

  std::array<Slot, gen::kOperationCount> slots_;
};

}  // namespace leoflow::api
