// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <cstdint>

#include "abi/fuse.h"
#include "fuse/types.h"

namespace vfsd::fs {

/**
 * Whether a change that does not say itself what is to become of set-id bits clears them: anybody
 * but the guest's root does. Where the request does not say who asks, the guest's kernel has taken
 * the bits off already, or, with FUSE_HANDLE_KILLPRIV_V2, leaves it to the daemon, which has to do
 * it for all.
 */
inline bool ChangesAsUser(const fuse::RequestContext& context) {
  const bool is_unknown = context.caller.uid == identity::GuestUid{UINT32_MAX};
  return is_unknown ? context.Negotiated(abi::FUSE_HANDLE_KILLPRIV_V2)
                    : context.caller.uid != identity::GuestUid{0};
}

/** Whether a mode has bits that are cleared here. They stay in the guest's cache, where a program
 * would still run with them: the guest may not believe in such attributes for any time. */
inline bool HasBitsThatAreCleared(const fuse::RequestContext& context, uint32_t mode) {
  return S_ISREG(mode) && (mode & (S_ISUID | S_ISGID)) != 0 &&
         context.Negotiated(abi::FUSE_HANDLE_KILLPRIV_V2);
}

}  // namespace vfsd::fs
