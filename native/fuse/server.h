// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "fuse/deferral.h"
#include "fuse/operations.h"
#include "fuse/request.h"
#include "fuse/session.h"
#include "metrics/thread_metrics.h"
#include "vring/descriptor_chain.h"

namespace vfsd::fuse {

/**
 * Turns a descriptor chain into a request, has it served and writes the reply. Called by any number
 * of threads at once; each brings its own buffers.
 */
class Server {
 public:
  Server(FileSystem& file_system, const SessionOptions& options)
      : session_(file_system, options), service_{file_system, session_} {}
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /**
   * Answers the number of bytes written to the chain's device-writable part. Nothing: the answer
   * was deferred, and the chain goes with it.
   *
   * @param served what was asked for, and how it went
   */
  std::optional<uint32_t> Serve(vring::DescriptorChain& chain, RequestBuffers& buffers,
                                SleepNotice& sleep, Deferrer& deferrer, metrics::Served& served);

  /** Ends the session: the device was reset or the front-end has gone. */
  void ResetSession() { session_.End(); }

  /** Has answers given that have become unwanted. */
  void EndUnwantedWaits() { service_.file_system.EndUnwantedWaits(); }

 private:
  Status Run(const Operation& operation, Request& request, memory::SegmentCursor readable,
             std::span<std::byte> input);

  Session session_;
  Service service_;
};

}  // namespace vfsd::fuse
