// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace vfsd::identity {

/** Ids as the guest knows them. They become host ids in one place, credentials.h. */
enum class GuestUid : uint32_t {};
enum class GuestGid : uint32_t {};

/** Ids as this process's user namespace knows them. */
enum class HostUid : uint32_t {};
enum class HostGid : uint32_t {};

}  // namespace vfsd::identity
