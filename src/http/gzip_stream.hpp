#pragma once

#include "http/message.hpp"

namespace leoflow::http {

/// The parts of a stream, compressed one after the other: what has been sent of them can be read at once.
Stream gzipped(Stream parts);

}  // namespace leoflow::http
