// SPDX-License-Identifier: Apache-2.0
//
// OPEN, CREATE, READ, WRITE, FLUSH, FSYNC.
#include <sys/uio.h>

#include "file.h"

namespace checks {
namespace {

constexpr size_t kMiB = size_t{1} << 20;

CHECK("O_EXCL does not open what exists") {
  const File file("file", O_WRONLY | O_CREAT | O_EXCL);
  FailsWith(EEXIST, open("file", O_WRONLY | O_CREAT | O_EXCL, 0644));
}

CHECK("O_CREAT opens what exists, and leaves its mode and content") {
  WriteFile("file", "kept");
  Must(chmod("file", 0604));
  const File file("file", O_RDWR | O_CREAT, 0777);
  ExpectEqual(ReadAt(file, 10, 0), "kept");
  ExpectEqual(Permissions("file"), mode_t{0604});
}

CHECK("O_TRUNC empties an existing file") {
  WriteFile("file", "a long content");
  const File file("file", O_RDWR | O_TRUNC);
  ExpectEqual(Stat(file).st_size, off_t{0});
  WriteAt(file, "short", 0);
  ExpectEqual(ReadFile("file"), "short");
}

CHECK("opening a directory for writing is EISDIR") {
  Must(mkdir("directory", 0755));
  FailsWith(EISDIR, open("directory", O_WRONLY));
  FailsWith(EISDIR, open("directory", O_RDWR | O_CREAT, 0644));
}

CHECK("a file opened for reading is not written, nor the other way round") {
  WriteFile("file", "text");
  const File reader("file", O_RDONLY);
  const File writer("file", O_WRONLY);
  char byte = 0;
  FailsWith(EBADF, write(reader, "x", 1));
  FailsWith(EBADF, read(writer, &byte, 1));
}

CHECK("an empty file reads as nothing") {
  WriteFile("file", "");
  ExpectEqual(ReadFile("file"), "");
}

CHECK("a byte is written in the middle") {
  WriteFile("file", "abcdef");
  const File file("file", O_RDWR);
  WriteAt(file, "X", 3);
  ExpectEqual(ReadFile("file"), "abcXef");
}

CHECK("reading past the end gives what there is, then nothing") {
  WriteFile("file", "0123456789");
  const File file("file", O_RDONLY);
  ExpectEqual(ReadAt(file, 100, 6), "6789");
  ExpectEqual(ReadAt(file, 100, 10), "");
  ExpectEqual(ReadAt(file, 100, 1'000'000), "");
}

CHECK("writing past the end leaves zeros between") {
  const File file("file", O_RDWR | O_CREAT);
  WriteAt(file, "end", 10'000);
  ExpectSameContent(ReadAt(file, 20'000, 0), std::string(10'000, '\0') + "end");
}

CHECK("pieces at odd offsets and of odd sizes come together") {
  const std::string content = Pattern(300'000, 7);
  File file("file", O_RDWR | O_CREAT);
  size_t size = 1;
  for (size_t offset = 0; offset < content.size(); offset += size, size = size * 3 % 8'191 + 1) {
    WriteAt(file, content.substr(offset, size), static_cast<off_t>(offset));
  }
  file.Close();
  ExpectSameContent(ReadFile("file"), content);
  const File again("file", O_RDONLY);
  ExpectSameContent(ReadAt(again, 5'001, 4'095), content.substr(4'095, 5'001));
}

CHECK("sixteen MiB in one call each are written and read back") {
  const std::string content = Pattern(16 * kMiB, 3);
  WriteFile("file", content);
  const File file("file", O_RDONLY);
  ExpectSameContent(ReadAt(file, content.size(), 0), content);
}

CHECK("one MiB is read back in pieces that cross pages") {
  const std::string content = Pattern(kMiB, 4);
  WriteFile("file", content);
  const File file("file", O_RDONLY);
  std::string found;
  while (found.size() < content.size()) {
    found += ReadAt(file, 4'097, static_cast<off_t>(found.size()));
  }
  ExpectSameContent(found, content);
}

CHECK("vectors of buffers are gathered and scattered in order") {
  std::string first = Pattern(100, 1);
  std::string second = Pattern(9'000, 2);
  const File file("file", O_RDWR | O_CREAT);
  const iovec out[2] = {{first.data(), first.size()}, {second.data(), second.size()}};
  ExpectEqual(Must(pwritev(file, out, 2, 50)), 9'100L);
  std::string front(5'000, '\0');
  std::string back(4'100, '\0');
  const iovec in[2] = {{front.data(), front.size()}, {back.data(), back.size()}};
  ExpectEqual(Must(preadv(file, in, 2, 50)), 9'100L);
  ExpectSameContent(front + back, first + second);
}

CHECK("what one descriptor wrote another one reads") {
  const File writer("file", O_WRONLY | O_CREAT);
  const File reader("file", O_RDONLY);
  WriteAt(writer, "first", 0);
  ExpectEqual(ReadAt(reader, 10, 0), "first");
  WriteAt(writer, "again", 0);
  ExpectEqual(ReadAt(reader, 10, 0), "again");
}

CHECK("O_APPEND from two descriptors always writes at the end") {
  const File one("file", O_WRONLY | O_CREAT | O_APPEND);
  const File two("file", O_WRONLY | O_APPEND);
  for (int turn = 0; turn < 10; ++turn) {
    Must(write(one, "a", 1));
    Must(write(two, "bb", 2));
  }
  std::string wanted;
  for (int turn = 0; turn < 10; ++turn) wanted += "abb";
  ExpectEqual(ReadFile("file"), wanted);
}

CHECK("O_DIRECT writes and reads aligned blocks") {
  const int fd = open("file", O_RDWR | O_CREAT | O_DIRECT, 0644);
  if (fd < 0 && errno == EINVAL) throw NotApplicable("the guest's file system has no O_DIRECT");
  const File file(static_cast<int>(Must(fd)));
  alignas(4096) static char block[8192];
  Pattern(sizeof block, 9).copy(block, sizeof block);
  ExpectEqual(Must(pwrite(file, block, sizeof block, 4096)), 8192L);
  std::fill(std::begin(block), std::end(block), '\0');
  ExpectEqual(Must(pread(file, block, sizeof block, 4096)), 8192L);
  ExpectSameContent(std::string_view(block, sizeof block), Pattern(sizeof block, 9));
}

CHECK("fsync and fdatasync succeed") {
  const File file("file", O_RDWR | O_CREAT);
  WriteAt(file, Pattern(100'000), 0);
  Must(fsync(file));
  WriteAt(file, "more", 0);
  Must(fdatasync(file));
}

CHECK("a file opened with O_SYNC is written") {
  const File file("file", O_WRONLY | O_CREAT | O_SYNC);
  WriteAt(file, "at once", 0);
  ExpectEqual(ReadFile("file"), "at once");
}

CHECK("fsync of a directory succeeds") {
  Must(mkdir("directory", 0755));
  const File directory("directory", O_RDONLY | O_DIRECTORY);
  WriteFile("directory/file", "");
  Must(fsync(directory));
}

CHECK("syncfs succeeds") {
  WriteFile("file", Pattern(100'000));
  const File directory(".", O_RDONLY | O_DIRECTORY);
  Must(syncfs(directory));
}

CHECK("bytes at five GiB are written and read back") {
  constexpr off_t kFiveGiB = off_t{5} << 30;
  const std::string content = Pattern(kMiB, 5);
  File file("large", O_RDWR | O_CREAT);
  WriteAt(file, content, kFiveGiB);
  WriteAt(file, "start", 0);
  ExpectEqual(Stat("large").st_size, kFiveGiB + static_cast<off_t>(kMiB));
  file.Close();
  const File again("large", O_RDONLY);
  ExpectSameContent(ReadAt(again, 2 * kMiB, kFiveGiB), content);
  ExpectSameContent(ReadAt(again, 4'096, kFiveGiB - 4'096), std::string(4'096, '\0'));
  ExpectEqual(ReadAt(again, 5, 0), "start");
  // The host would take its time to read so much for the comparison.
  Must(unlink("large"));
}

}  // namespace
}  // namespace checks
