// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <cstdint>
#include <string>
#include <vector>

namespace vfsd::addon {

// Values as src/native/types.ts declares them. JavaScript has validated them; a value of another
// type reads as zero.

inline int ToFd(const Napi::Value& value) {
  return value.IsNumber() ? value.As<Napi::Number>().Int32Value() : -1;
}

inline uint32_t ToUint32(const Napi::Value& value) {
  return value.IsNumber() ? value.As<Napi::Number>().Uint32Value() : 0;
}

inline uint64_t ToUint64(const Napi::Value& value) {
  bool lossless = false;
  return value.IsBigInt() ? value.As<Napi::BigInt>().Uint64Value(&lossless) : 0;
}

inline bool ToBool(const Napi::Value& value) {
  return value.ToBoolean().Value();
}

inline std::string ToString(const Napi::Value& value) {
  return value.IsString() ? value.As<Napi::String>().Utf8Value() : std::string();
}

inline std::vector<std::string> ToStrings(const Napi::Value& value) {
  std::vector<std::string> strings;
  const auto array = value.As<Napi::Array>();
  for (uint32_t i = 0; i < array.Length(); ++i) {
    strings.push_back(ToString(array[i]));
  }
  return strings;
}

inline std::vector<int> ToFds(const Napi::Value& value) {
  std::vector<int> fds;
  const auto array = value.As<Napi::Array>();
  for (uint32_t i = 0; i < array.Length(); ++i) {
    fds.push_back(ToFd(array[i]));
  }
  return fds;
}

}  // namespace vfsd::addon
