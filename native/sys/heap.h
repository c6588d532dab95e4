// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace vfsd::sys {

/**
 * Has malloc decide now what glibc lets it decide when the first threads are busy, by looking at
 * files: whether heaps may shrink (/proc/sys/vm/overcommit_memory), and how many there may be
 * (/sys/devices/system/cpu/online). Later these paths lead into the shared directory, where a FIFO
 * of that name would hold the thread up. To be called before the root directory changes.
 */
void SettleHeap();

}  // namespace vfsd::sys
