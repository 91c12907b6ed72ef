#pragma once

namespace leoflow {

/// Deletes what a C library made, by its function for that: `std::unique_ptr<X509, Freed<X509_free>>`.
template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};

}  // namespace leoflow
