// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace vfsd::memory {

/** An address as the guest's devices see it, in bytes. Only a GuestMemory turns it into a pointer.
 */
enum class GuestPhysAddr : uint64_t {};

/** An address in the front-end's own process, as vhost-user gives ring addresses. */
enum class FrontendVirtAddr : uint64_t {};

}  // namespace vfsd::memory
