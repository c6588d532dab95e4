// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace vfsd::fs::passthrough {

/** What is known of the file system below a file, as far as it changes how vfsd works with it. */
struct MountTraits {
  /** Closing a file can report an error or push data (NFS, FUSE, overlayfs …): the guest's FLUSH
   * matters. */
  bool flush_matters : 1;
  /** Data is always in memory: a read never sleeps. */
  bool in_memory : 1;
  /** procfs: its files are the daemon's own memory and descriptors, among others. Never served. */
  bool shows_processes : 1;
  /** btrfs: a mount holds several trees, whose inode numbers are alike. */
  bool has_subvolumes : 1;
  /** Another machine or program has the files (NFS, CIFS, FUSE …), or may have: a change takes as
   * long as that likes. */
  bool asks_server : 1;
  /** Of a file: on a broken place of its disk a read ends at any byte, as it does in one that is
   * memory itself (DAX). Set where that is not known, too. */
  bool reads_stop_anywhere : 1;

  friend bool operator==(const MountTraits&, const MountTraits&) = default;
};

/** Asks the file system behind a descriptor. */
MountTraits TraitsOf(int fd);

}  // namespace vfsd::fs::passthrough
