// SPDX-License-Identifier: Apache-2.0
//
// Access control lists, which the guest's kernel enforces and the host's file system keeps.
#include <sys/xattr.h>

#include <cstdint>
#include <cstring>

#include "file.h"

namespace checks {
namespace {

constexpr const char* kAccess = "system.posix_acl_access";
constexpr const char* kDefault = "system.posix_acl_default";
constexpr uint32_t kNoId = UINT32_MAX;

// The form of linux/posix_acl_xattr.h.
enum Tag : uint16_t { kOwner = 1, kUser = 2, kGroup = 4, kNamedGroup = 8, kMask = 16, kOther = 32 };

struct Entry {
  uint16_t tag;
  uint16_t permissions;
  uint32_t id = kNoId;
};

using List = std::vector<Entry>;

std::string Encode(const List& list) {
  const uint32_t version = 2;
  std::string bytes(sizeof version + list.size() * sizeof(Entry), '\0');
  std::memcpy(bytes.data(), &version, sizeof version);
  std::memcpy(bytes.data() + sizeof version, list.data(), list.size() * sizeof(Entry));
  return bytes;
}

void SetList(const std::string& path, const char* name, const List& list) {
  const std::string bytes = Encode(list);
  Must(setxattr(path.c_str(), name, bytes.data(), bytes.size(), 0));
}

std::string GetList(const std::string& path, const char* name) {
  std::string bytes(1024, '\0');
  bytes.resize(static_cast<size_t>(Must(getxattr(path.c_str(), name, bytes.data(), bytes.size()))));
  return bytes;
}

void ExpectList(const std::string& path, const char* name, const List& wanted) {
  ExpectSameContent(GetList(path, name), Encode(wanted));
}

/** For user 1000, whom the mode alone would treat as another. */
List ListForUser(uint16_t permissions, uint16_t mask = 7) {
  return {{kOwner, 6}, {kUser, permissions, 1000}, {kGroup, 4}, {kMask, mask}, {kOther, 0}};
}

void NeedsLists() {
  const std::string bytes = Encode(ListForUser(7));
  WriteFile("probe", "");
  if (setxattr("probe", kAccess, bytes.data(), bytes.size(), 0) != 0 && errno == EOPNOTSUPP) {
    throw NotApplicable("the daemon serves no access control lists");
  }
  Must(unlink("probe"));
}

CHECK("an access list lets a named user in") {
  NeedsLists();
  WriteFile("file", "secret");
  Must(chmod("file", 0600));
  AsUser([] { FailsWith(EACCES, open("file", O_RDONLY)); });
  SetList("file", kAccess, ListForUser(4));
  AsUser([] {
    ExpectEqual(ReadFile("file"), "secret");
    FailsWith(EACCES, open("file", O_WRONLY));
  });
  ExpectList("file", kAccess, ListForUser(4));
}

CHECK("an access list keeps a named user out") {
  NeedsLists();
  WriteFile("file", "");
  Must(chmod("file", 0666));
  SetList("file", kAccess, {{kOwner, 6}, {kUser, 0, 1000}, {kGroup, 6}, {kMask, 6}, {kOther, 6}});
  AsUser([] { FailsWith(EACCES, open("file", O_RDONLY)); });
}

CHECK("an access list gives rights to a named group") {
  NeedsLists();
  WriteFile("file", "");
  SetList("file", kAccess,
          {{kOwner, 6}, {kGroup, 0}, {kNamedGroup, 6, 1000}, {kMask, 6}, {kOther, 0}});
  AsUser([] { File("file", O_RDWR); });
}

CHECK("an access list's mask limits what it gives") {
  NeedsLists();
  WriteFile("file", "");
  SetList("file", kAccess, ListForUser(6, 4));
  AsUser([] {
    File("file", O_RDONLY);
    FailsWith(EACCES, open("file", O_WRONLY));
  });
}

CHECK("the mode's group bits and an access list's mask are the same") {
  NeedsLists();
  WriteFile("file", "");
  SetList("file", kAccess, ListForUser(7, 5));
  ExpectEqual(Permissions("file"), 0650u);
  Must(chmod("file", 0640));
  ExpectList("file", kAccess, ListForUser(7, 4));
}

CHECK("an access list that says no more than a mode becomes one") {
  NeedsLists();
  WriteFile("file", "");
  SetList("file", kAccess, {{kOwner, 7}, {kGroup, 5}, {kOther, 1}});
  ExpectEqual(Permissions("file"), 0751u);
  FailsWith(ENODATA, getxattr("file", kAccess, nullptr, 0));
}

CHECK("without its access list a file has its mode again") {
  NeedsLists();
  WriteFile("file", "");
  SetList("file", kAccess, ListForUser(6));
  Must(removexattr("file", kAccess));
  AsUser([] { FailsWith(EACCES, open("file", O_RDONLY)); });
}

CHECK("only the owner sets an access list") {
  NeedsLists();
  NeedsOtherOwners();
  WriteFile("file", "");
  AsUser([] {
    const std::string bytes = Encode(ListForUser(7));
    FailsWith(EPERM, setxattr("file", kAccess, bytes.data(), bytes.size(), 0));
  });
}

CHECK("an access list without order or with an unknown tag is refused") {
  NeedsLists();
  WriteFile("file", "");
  for (const List& wrong : {List{{kOther, 0}, {kGroup, 0}}, List{{kOwner, 6}, {3, 6}},
                            List{{kOwner, 6}, {kUser, 6, 1000}, {kGroup, 6}, {kOther, 6}}}) {
    const std::string bytes = Encode(wrong);
    FailsWith(EINVAL, setxattr("file", kAccess, bytes.data(), bytes.size(), 0));
  }
}

CHECK("what is made in a directory gets its default access list, whatever the umask") {
  NeedsLists();
  Must(mkdir("directory", 0755));
  SetList("directory", kDefault, ListForUser(7));
  umask(077);
  WriteFile("directory/file", "");
  Must(mkdir("directory/below", 0777));
  Must(mkfifo("directory/fifo", 0666));
  ExpectEqual(Permissions("directory/file"), 0640u);
  ExpectList("directory/file", kAccess, ListForUser(7, 4));
  ExpectList("directory/below", kDefault, ListForUser(7));
  ExpectEqual(Permissions("directory/fifo"), 0660u);
  ExpectList("directory/fifo", kAccess, ListForUser(7, 6));
}

CHECK("the umask counts where there is no default access list") {
  NeedsLists();
  umask(027);
  WriteFile("file", "");
  Must(mkdir("directory", 0777));
  Must(mkfifo("fifo", 0666));
  Must(symlink("file", "link"));
  ExpectEqual(Permissions("file"), 0640u);
  ExpectEqual(Permissions("directory"), 0750u);
  ExpectEqual(Permissions("fifo"), 0640u);
  umask(0);
  Must(mkdir("open", 0777));
  ExpectEqual(Permissions("open"), 0777u);
}

CHECK("an access list set by who is not in the file's group takes its set-group-ID bit") {
  NeedsLists();
  NeedsOtherOwners();
  WriteFile("file", "");
  Must(chown("file", 1000, 5000));
  Must(chmod("file", 02755));
  AsUser([] { SetList("file", kAccess, {{kOwner, 7}, {kGroup, 5}, {kOther, 5}}); });
  ExpectEqual(Permissions("file"), 0755u);
  Must(chmod("file", 02755));
  SetList("file", kAccess, {{kOwner, 7}, {kGroup, 5}, {kOther, 5}});
  ExpectEqual(Permissions("file"), 02755u);
}

}  // namespace
}  // namespace checks
