// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "base/errno.h"

namespace vfsd {

/** A value, or the errno that stands in its place. There are no exceptions in the native core. */
template <typename T>
class [[nodiscard]] Result {
 public:
  // Both convert implicitly, so that a function returns what it has: the value, or the errno.
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(Errno error) : state_(std::in_place_index<1>, error) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  /** Precondition: ok(). */
  T& value() & { return *std::get_if<0>(&state_); }
  const T& value() const& { return *std::get_if<0>(&state_); }
  T&& value() && { return std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  /** Precondition: !ok(). */
  Errno error() const { return *std::get_if<1>(&state_); }

 private:
  std::variant<T, Errno> state_;
};

/** Success without a value, or an errno. */
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(Errno error) : error_(error) {}

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  /** Precondition: !ok(). */
  Errno error() const { return *error_; }

 private:
  std::optional<Errno> error_;
};

using Status = Result<void>;

}  // namespace vfsd
