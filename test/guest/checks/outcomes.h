// SPDX-License-Identifier: Apache-2.0
//
// What happens when people of different rights do things to files of different types: no outcome
// is stated here. Two file systems that cannot be told apart print the same lines.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "check.h"

namespace checks {

// Where an operation finds its subject, and where it may put something.
inline constexpr const char* kParent = "p";
inline constexpr const char* kSubject = "p/s";
inline constexpr const char* kNewName = "p/n";
inline constexpr const char* kAway = "q/n";
inline constexpr const char* kOtherFile = "q/f";
inline constexpr const char* kOtherDirectory = "q/d";
inline constexpr const char* kTarget = "q/target";

struct Operation {
  const char* name;
  // Negative with errno, or a number that is part of the outcome.
  long (*run)(int fd);
  // How root opens the subject for it beforehand, or -1.
  int opened = -1;
};

// What is asked of the subject itself, by its path; what is done to names in its directory; and
// what goes by a descriptor that root has opened.
const std::vector<Operation>& SubjectOperations();
const std::vector<Operation>& NameOperations();
const std::vector<Operation>& DescriptorOperations();

struct Subject {
  const char* name;
  char type;
  mode_t mode;
  uid_t uid = 1000;
  gid_t gid = 2000;
};

// Makes the subject, as root.
void MakeSubject(const Subject& subject);

// Takes away all that an operation can have left, and gives q what is in it at first.
void ClearPlaces();

// Type, mode, owner, links and content of what is at the path, or why there is nothing.
std::string DescribePath(const char* path);

// What the operation returns for the person, or the error's name. The caller is root, and is root
// again afterwards; false means that there was nothing to open.
bool Attempt(const Operation& operation, const Person& person, std::string& outcome);

// A directory with that owner for the subjects, and one for all others.
struct Parent {
  const char* name;
  mode_t mode;
  uid_t uid = 1000;
  gid_t gid = 2000;
};
void MakeParents(const Parent& parent);
void RemoveParents();

// Prints which times operations move.
void PrintMovedTimes();

// Prints the outcomes in a directory that it makes below the share, and removes again: those that
// depend on a file's type and mode, or all.
enum class Outcomes { kOfModes, kAll };
int PrintOutcomes(const std::string& share, Outcomes which);

}  // namespace checks
