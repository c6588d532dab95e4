{
  "variables": {
    "have_gtest%": "<!(test -e /usr/include/gtest/gtest.h && test -d test && echo 1 || echo 0)",
    "have_tests%": "<!(test -d test && echo 1 || echo 0)"
  },
  "target_defaults": {
    "cflags!": ["-fno-omit-frame-pointer"],
    "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-fexceptions"],
    "cflags_cc": [
      "-std=c++20",
      "-O2",
      "-g1",
      "-fPIC",
      "-fno-exceptions",
      "-fvisibility=hidden",
      "-fstack-protector-strong",
      "-D_FORTIFY_SOURCE=2",
      "-Wall",
      "-Wextra",
      "-Wconversion",
      "-Wno-missing-field-initializers"
    ],
    "ldflags": ["-Wl,-z,relro,-z,now"],
    "include_dirs": ["native"],
    "defines": ["_GNU_SOURCE"]
  },
  "targets": [
    {
      "target_name": "vfsd_core",
      "type": "static_library",
      "sources": [
        "native/memory/fault_guard.cc",
        "native/memory/guest_memory.cc",
        "native/vring/descriptor_chain.cc",
        "native/vring/split_ring.cc",
        "native/identity/credentials.cc",
        "native/identity/id_ranges.cc",
        "native/fuse/operations.cc",
        "native/fuse/extensions.cc",
        "native/fuse/session.cc",
        "native/fuse/server.cc",
        "native/fuse/session_handlers.cc",
        "native/fuse/inode_handlers.cc",
        "native/fuse/name_handlers.cc",
        "native/fuse/file_handlers.cc",
        "native/fuse/lock_handlers.cc",
        "native/fuse/directory_handlers.cc",
        "native/fuse/xattr_handlers.cc",
        "native/fs/id_translation.cc",
        "native/fs/id_translation_table.cc",
        "native/fs/posix_acl.cc",
        "native/fs/xattr_map.cc",
        "native/fs/xattr_map_rules.cc",
        "native/fs/passthrough/passthrough.cc",
        "native/fs/passthrough/inode_table.cc",
        "native/fs/passthrough/inode_temperature.cc",
        "native/fs/passthrough/host_file_handle.cc",
        "native/fs/passthrough/mounts.cc",
        "native/fs/passthrough/mount_traits.cc",
        "native/fs/passthrough/pinning.cc",
        "native/fs/passthrough/lookup.cc",
        "native/fs/passthrough/inodes.cc",
        "native/fs/passthrough/set_attributes.cc",
        "native/fs/passthrough/names.cc",
        "native/fs/passthrough/creation.cc",
        "native/fs/passthrough/ioctls.cc",
        "native/fs/passthrough/files.cc",
        "native/fs/passthrough/data.cc",
        "native/fs/passthrough/directories.cc",
        "native/fs/passthrough/xattrs.cc",
        "native/fs/passthrough/locks.cc",
        "native/fs/passthrough/host_lock.cc",
        "native/fs/passthrough/lock_descriptions.cc",
        "native/fs/passthrough/lock_ranges.cc",
        "native/fs/passthrough/lock_waits.cc",
        "native/engine/queue.cc",
        "native/engine/deferred_reply.cc",
        "native/engine/crew.cc",
        "native/engine/device.cc",
        "native/sys/clean_mappings.cc",
        "native/sys/heap.cc",
        "native/sys/interrupter.cc",
        "native/sys/seccomp_load.cc",
        "native/sys/thread_seal.cc",
        "native/sys/tick_clock.cc"
      ]
    },
    {
      "target_name": "vfsd",
      "type": "loadable_module",
      "dependencies": ["vfsd_core"],
      "sources": [
        "native/addon/addon.cc",
        "native/addon/failure.cc",
        "native/addon/idle_memory.cc",
        "native/addon/sockets.cc",
        "native/addon/socket_cleanup.cc",
        "native/addon/readable_watch.cc",
        "native/addon/startup.cc",
        "native/addon/seccomp_compiler.cc",
        "native/addon/system_calls.cc",
        "native/addon/confinement.cc",
        "native/addon/event_bridge.cc",
        "native/addon/metrics_snapshot.cc",
        "native/addon/device_wrap.cc",
        "native/addon/rules.cc",
        "native/launcher/control_socket.cc"
      ],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=9", "NAPI_DISABLE_CPP_EXCEPTIONS", "NODE_ADDON_API_DISABLE_DEPRECATED"],
      "libraries": ["-lseccomp"]
    },
    {
      "target_name": "vfsd-launcher",
      "type": "executable",
      "sources": [
        "native/launcher/main.cc",
        "native/launcher/call_name.cc",
        "native/launcher/callers_wait.cc",
        "native/launcher/options.cc",
        "native/launcher/message.cc",
        "native/launcher/control_socket.cc",
        "native/launcher/privileges.cc",
        "native/launcher/child.cc",
        "native/launcher/confine.cc",
        "native/launcher/file_handles.cc",
        "native/launcher/id_maps.cc",
        "native/launcher/kernel_log.cc",
        "native/launcher/service_manager.cc",
        "native/launcher/socket_file.cc",
        "native/launcher/supervise.cc",
        "native/sys/seccomp_load.cc"
      ],
      "libraries": ["-lseccomp"]
    },
    {
      "target_name": "vfsd_proxy_helper_core",
      "type": "static_library",
      "sources": [
        "native/proxy-helper/connection.cc",
        "native/proxy-helper/creator.cc",
        "native/proxy-helper/name_operations.cc",
        "native/proxy-helper/object_operations.cc",
        "native/proxy-helper/open_operations.cc",
        "native/proxy-helper/request_kinds.cc",
        "native/proxy-helper/server.cc",
        "native/proxy-helper/tree.cc",
        "native/proxy-helper/xattr_operations.cc"
      ]
    },
    {
      "target_name": "vfsd-proxy-helper",
      "type": "executable",
      "dependencies": ["vfsd_proxy_helper_core", "vfsd_core"],
      "sources": [
        "native/proxy-helper/main.cc",
        "native/proxy-helper/client.cc",
        "native/launcher/control_socket.cc",
        "native/launcher/message.cc"
      ]
    }
  ],
  "conditions": [
    [
      "have_gtest==1",
      {
        "targets": [
          {
            "target_name": "vfsd_native_tests",
            "type": "executable",
            "dependencies": ["vfsd_proxy_helper_core", "vfsd_core"],
            "sources": [
              "test/native/main.cc",
              "test/native/memory/fault_guard_test.cc",
              "test/native/memory/guest_memory_test.cc",
              "test/native/memory/segments_test.cc",
              "test/native/vring/descriptor_chain_test.cc",
              "test/native/vring/split_ring_test.cc",
              "test/native/fuse/server_test.cc",
              "test/native/fuse/extensions_test.cc",
              "test/native/identity/credentials_test.cc",
              "test/native/sys/clean_mappings_test.cc",
              "test/native/sys/heap_test.cc",
              "test/native/sys/proc_self_fd_test.cc",
              "test/native/sys/thread_seal_test.cc",
              "test/native/sys/tick_clock_test.cc",
              "test/native/launcher/kernel_log_test.cc",
              "test/native/launcher/service_manager_test.cc",
              "native/launcher/kernel_log.cc",
              "native/launcher/service_manager.cc",
              "test/native/fs/slab_test.cc",
              "test/native/fs/inode_table_test.cc",
              "test/native/fs/inode_handles_test.cc",
              "test/native/fs/passthrough_test.cc",
              "test/native/fs/host_calls.cc",
              "test/native/fs/listings_test.cc",
              "test/native/fs/lookups_test.cc",
              "test/native/fs/reads_test.cc",
              "test/native/fs/mounts_test.cc",
              "test/native/fs/creation_test.cc",
              "test/native/fs/hand_over_test.cc",
              "test/native/fs/ioctl_test.cc",
              "test/native/fs/set_id_bits_test.cc",
              "test/native/fs/id_translation_table_test.cc",
              "test/native/fs/id_translation_test.cc",
              "test/native/fs/posix_acl_test.cc",
              "test/native/fs/read_only_test.cc",
              "test/native/fs/xattr_map_rules_test.cc",
              "test/native/fs/xattr_map_test.cc",
              "test/native/fs/lock_ranges_test.cc",
              "test/native/fs/locks_test.cc",
              "test/native/metrics/metrics_test.cc",
              "test/native/proxy-helper/hostile_client_test.cc",
              "test/native/proxy-helper/names_test.cc",
              "test/native/proxy-helper/objects_test.cc",
              "test/native/proxy-helper/opening_test.cc",
              "test/native/proxy-helper/paths_test.cc",
              "test/native/proxy-helper/xattrs_test.cc",
              "test/native/engine/back_off_test.cc",
              "test/native/engine/counting_test.cc",
              "test/native/engine/deferred_reply_test.cc",
              "test/native/engine/lead_test.cc",
              "test/native/engine/poll_window_test.cc",
              "test/native/engine/telling_test.cc",
              "test/native/engine/waiting_test.cc"
            ],
            "libraries": ["-lgtest", "-lpthread"]
          }
        ]
      }
    ],
    [
      "have_tests==1",
      {
        "targets": [
          {
            "target_name": "vfsd_frontend",
            "type": "loadable_module",
            "sources": [
              "test/device/frontend/addon.cc",
              "test/device/frontend/attribute_workloads.cc",
              "test/device/frontend/creation_workloads.cc",
              "test/device/frontend/data_workloads.cc",
              "test/device/frontend/disturbance.cc",
              "test/device/frontend/driver_ring.cc",
              "test/device/frontend/filtered_call.cc",
              "test/device/frontend/guest_memory.cc",
              "test/device/frontend/held_file_system.cc",
              "test/device/frontend/held_wrap.cc",
              "test/device/frontend/host_lock.cc",
              "test/device/frontend/listing_workloads.cc",
              "test/device/frontend/lookup_workloads.cc",
              "test/device/frontend/memory_wrap.cc",
              "test/device/frontend/name_workloads.cc",
              "test/device/frontend/ring_wrap.cc",
              "test/device/frontend/runner.cc",
              "test/device/frontend/sockets.cc",
              "test/device/frontend/status_workload.cc",
              "test/device/frontend/untar_workload.cc",
              "test/device/frontend/walk_workload.cc",
              "test/device/frontend/workload.cc",
              "test/device/frontend/workload_run.cc"
            ],
            "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")", "test/device"],
            "defines": ["NAPI_VERSION=9", "NAPI_DISABLE_CPP_EXCEPTIONS", "NODE_ADDON_API_DISABLE_DEPRECATED"]
          },
          {
            "target_name": "vfsd_bench",
            "type": "loadable_module",
            "dependencies": ["vfsd_core"],
            "sources": [
              "bench/native/addon.cc",
              "bench/native/direct_calls_wrap.cc",
              "bench/native/direct_data.cc",
              "bench/native/direct_metadata.cc",
              "bench/native/null_device_wrap.cc",
              "bench/native/null_file_system.cc"
            ],
            "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
            "defines": ["NAPI_VERSION=9", "NAPI_DISABLE_CPP_EXCEPTIONS", "NODE_ADDON_API_DISABLE_DEPRECATED"]
          },
          {
            "target_name": "vfsd-instructions",
            "type": "executable",
            "dependencies": ["vfsd_core"],
            "sources": ["bench/native/instructions.cc", "bench/native/null_file_system.cc"],
            "include_dirs": ["test/device"]
          }
        ]
      }
    ]
  ]
}
