// SPDX-License-Identifier: Apache-2.0
#include "outcomes.h"

#include <cstdio>
#include <span>

#include "file.h"

namespace checks {
namespace {

struct Participant {
  const char* name;
  Person person;
};

const std::vector<Participant> kPeople = {
    {"root", {0, 0}},
    {"owner", {1000, 1000}},
    {"member", {1001, 1001, {2000}}},
    {"other", {1002, 1002, {1000}}},
};

// What the right to a name can depend on.
const std::vector<Subject> kTypes = {
    {"none", '-', 0},    {"file", 'f', 0664}, {"directory", 'd', 0775},
    {"full", 'D', 0775}, {"link", 'l', 0777},
};

const std::vector<Parent> kParents = {
    {"775", 0775},   {"1777", 01777},
    {"2777", 02777}, {"555", 0555},

    {"666", 0666},   {"root's 1777", 01777, 0, 0},
};

// Modes that decide about rights, or that are lost.
const std::vector<Subject> kFiles = {
    {"file 000", 'f', 0000},
    {"file 600", 'f', 0600},
    {"file 666", 'f', 0666},
    {"file 6777", 'f', 06777},
    {"file 2775", 'f', 02775},
    {"file 4766", 'f', 04766},
    {"file 2777 group", 'f', 02777, 1000, 1000},
};

const std::vector<Subject> kOtherTypes = {
    {"directory 000", 'd', 0000},
    {"directory 7777", 'd', 07777},
    {"full 1777", 'D', 01777},
    {"dangling", 'L', 0777},
    {"fifo", 'p', 0664},
    {"socket", 's', 0664},
    {"char", 'c', 0664},
    {"block", 'b', 0664},
    {"root's file", 'f', 0664, 0, 0},
};

const Parent kOpenParent = {"777", 0777};

std::string State() {
  std::string state;
  for (const char* path : {kSubject, kNewName, kAway, kOtherFile, kOtherDirectory, kTarget}) {
    state += DescribePath(path) + " | ";
  }
  return state + (Exists("q/none") ? "none" : "");
}

// Returns whether the operation changed something that can be seen.
bool PrintOutcome(const Operation& operation, const Participant& who, const std::string& place,
                  const std::string& before) {
  std::string outcome;
  if (!Attempt(operation, who.person, outcome)) return false;
  // What fails is not looked for elsewhere: most of it fails.
  const bool has_failed = outcome.front() == 'E';
  const std::string after = has_failed ? DescribePath(kSubject) : State();
  const bool is_as_before = has_failed ? before.starts_with(after + " |") : after == before;
  std::printf("%s %s: %s = %s %s\n", place.c_str(), who.name, operation.name, outcome.c_str(),
              is_as_before ? "" : after.c_str());
  return !has_failed || !is_as_before;
}

void PrintOperations(std::span<const Participant> people, std::span<const Operation> operations,
                     const Parent& parent, const Subject& subject) {
  const std::string place = std::string(parent.name) + "/" + subject.name;
  MakeParents(parent);
  for (const Participant& who : people) {
    std::string before;
    for (const Operation& operation : operations) {
      if (before.empty()) {
        ClearPlaces();
        MakeSubject(subject);
        before = State();
      }
      if (PrintOutcome(operation, who, place, before)) before.clear();
      // What took the parent's place or removed it.
      if (!Exists(kParent)) Must(mkdir(kParent, 0755));
      if (before.empty()) {
        Must(chown(kParent, parent.uid, parent.gid));
        Must(chmod(kParent, parent.mode));
      }
    }
  }
  RemoveParents();
}

void PrintModes() {
  for (const Subject& subject : kFiles) {
    PrintOperations(kPeople, SubjectOperations(), kOpenParent, subject);
    PrintOperations(kPeople, DescriptorOperations(), kOpenParent, subject);
  }
  for (const Subject& subject : kOtherTypes) {
    PrintOperations(kPeople, SubjectOperations(), kOpenParent, subject);
    PrintOperations(kPeople, NameOperations(), kOpenParent, subject);
  }
}

// Root has every right, and what it does takes the most time.
void PrintRights() {
  const std::span<const Participant> ordinary = std::span(kPeople).subspan(1);
  for (const Parent& parent : kParents) {
    for (const Subject& subject : kTypes) {
      PrintOperations(ordinary, SubjectOperations(), parent, subject);
      PrintOperations(ordinary, NameOperations(), parent, subject);
    }
  }
}

}  // namespace

int PrintOutcomes(const std::string& share, Outcomes which) {
  try {
    const std::string directory = share + "/outcomes";
    Must(mkdir(directory.c_str(), 0755));
    Must(chdir(directory.c_str()));
    umask(022);
    PrintModes();
    if (which == Outcomes::kAll) {
      PrintRights();
      PrintMovedTimes();
    }
    Must(chdir("/"));
    Must(rmdir(directory.c_str()));
    return 0;
  } catch (const Failure& failure) {
    std::printf("outcomes: %s\n", failure.what());
    return 1;
  }
}

}  // namespace checks
