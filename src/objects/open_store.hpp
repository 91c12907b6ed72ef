#pragma once

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/variables.hpp"
#include "objects/object_store.hpp"

namespace leoflow::objects {

/// Opens what a URL names: s3://bucket/prefix or gs://bucket/prefix. Asks nobody whether it is there. The
/// environment says where and as whom, by the names that the tools of AWS and Google take: docs/server.md.
/// @param clock  outlives it.
/// Errors: invalid: another scheme, no bucket, no credentials.
Result<std::unique_ptr<ObjectStore>> open_store(const std::string& url, const Variables& variables,
                                                const Clock& clock);

}  // namespace leoflow::objects
