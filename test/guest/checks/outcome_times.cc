// SPDX-License-Identifier: Apache-2.0
//
// Which times of the subject, of its directory and of the directory beside it an operation moves.
#include <cstdio>
#include <cstring>
#include <optional>

#include "file.h"
#include "outcomes.h"

namespace checks {
namespace {

// Longer than the tick by which the host's and the guest's file systems date what happens.
constexpr useconds_t kTick = 12'000;

const std::vector<Subject> kSubjects = {
    {"file", 'f', 06775},
    {"directory", 'd', 0775},
    {"link", 'l', 0777},
    {"none", '-', 0},
};

std::optional<struct stat> Look(const char* path) {
  struct stat found {};
  if (lstat(path, &found) != 0) return std::nullopt;
  return found;
}

bool Differ(const timespec& a, const timespec& b) {
  return a.tv_sec != b.tv_sec || a.tv_nsec != b.tv_nsec;
}

std::string Moved(const char* name, const std::optional<struct stat>& before,
                  const std::optional<struct stat>& after) {
  if (!before || !after || before->st_ino != after->st_ino) return "";
  const bool modified = Differ(before->st_mtim, after->st_mtim);
  const bool changed = Differ(before->st_ctim, after->st_ctim);
  if (!modified && !changed) return "";
  return std::string(" ") + name + (modified ? " mtime" : "") + (changed ? " ctime" : "");
}

// The subject, wherever it is now.
std::optional<struct stat> Find(ino_t inode) {
  for (const char* path : {kSubject, kNewName, kAway, kOtherFile}) {
    const auto found = Look(path);
    if (found && found->st_ino == inode) return found;
  }
  return std::nullopt;
}

// A failure moves nothing, so that the next operation finds the subject as it was.
void PrintTimes(const Operation& operation, const Person& person, const Subject& subject,
                bool& is_fresh) {
  if (!is_fresh) {
    ClearPlaces();
    MakeSubject(subject);
  }
  const auto before = Look(kSubject);
  const auto parent = Look(kParent);
  const auto beside = Look("q");
  usleep(kTick);
  std::string outcome;
  if (!Attempt(operation, person, outcome)) return;
  const std::string moved = (before ? Moved("subject", before, Find(before->st_ino)) : "") +
                            Moved("parent", parent, Look(kParent)) +
                            Moved("beside", beside, Look("q"));
  std::printf("times %s %u: %s = %s%s\n", subject.name, person.uid, operation.name, outcome.c_str(),
              moved.c_str());
  is_fresh = outcome.front() == 'E';
  if (!Exists(kParent)) Must(mkdir(kParent, 0777));
}

}  // namespace

void PrintMovedTimes() {
  MakeParents({"777", 01777});
  for (const Subject& subject : kSubjects) {
    for (const Person& person : {Person{0, 0}, Person{1002, 1002}}) {
      bool is_fresh = false;
      for (const auto* operations :
           {&SubjectOperations(), &NameOperations(), &DescriptorOperations()}) {
        for (const Operation& operation : *operations) {
          PrintTimes(operation, person, subject, is_fresh);
        }
      }
    }
  }
  RemoveParents();
}

}  // namespace checks
