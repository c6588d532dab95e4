// SPDX-License-Identifier: Apache-2.0
//
// FALLOCATE, LSEEK, COPY_FILE_RANGE: files and the space they take.
#include <linux/falloc.h>

#include "file.h"

namespace checks {
namespace {

constexpr off_t kMiB = off_t{1} << 20;

CHECK("fallocate gives a file size and space") {
  const File file("file", O_RDWR | O_CREAT);
  Must(fallocate(file, 0, 0, kMiB));
  ExpectEqual(Stat(file).st_size, kMiB);
  Expect(Stat(file).st_blocks * 512 >= kMiB, "the space is taken");
}

CHECK("fallocate keeps the size when asked to") {
  const File file("file", O_RDWR | O_CREAT);
  WriteAt(file, "12345", 0);
  Must(fallocate(file, FALLOC_FL_KEEP_SIZE, 0, kMiB));
  ExpectEqual(Stat(file).st_size, off_t{5});
  ExpectEqual(ReadAt(file, 10, 0), "12345");
}

CHECK("a punched hole reads as zeros, and the rest stays") {
  const std::string content = Pattern(kMiB);
  const File file("file", O_RDWR | O_CREAT);
  WriteAt(file, content, 0);
  Must(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 65'536, 131'072));
  const std::string wanted =
      content.substr(0, 65'536) + std::string(131'072, '\0') + content.substr(196'608);
  ExpectSameContent(ReadAt(file, kMiB, 0), wanted);
}

CHECK("a zeroed range reads as zeros") {
  const File file("file", O_RDWR | O_CREAT);
  WriteAt(file, Pattern(100'000), 0);
  const int result = fallocate(file, FALLOC_FL_ZERO_RANGE, 10'000, 20'000);
  if (result < 0 && errno == EOPNOTSUPP) throw NotApplicable("the host cannot zero ranges");
  Must(result);
  ExpectSameContent(ReadAt(file, 20'000, 10'000), std::string(20'000, '\0'));
  ExpectSameContent(ReadAt(file, 70'000, 30'000), Pattern(100'000).substr(30'000));
}

CHECK("SEEK_DATA and SEEK_HOLE find the parts of a sparse file") {
  const File file("file", O_RDWR | O_CREAT);
  WriteAt(file, Pattern(4'096), kMiB);
  Must(ftruncate(file, 2 * kMiB));
  Must(fsync(file));
  ExpectEqual(Must(lseek(file, 0, SEEK_HOLE)), 0L);
  const off_t data = Must(lseek(file, 0, SEEK_DATA));
  Expect(data > 0 && data <= kMiB, "the data is found");
  const off_t hole = Must(lseek(file, kMiB, SEEK_HOLE));
  Expect(hole > kMiB && hole < 2 * kMiB, "the hole behind it is found");
  FailsWith(ENXIO, lseek(file, hole, SEEK_DATA));
}

CHECK("a sparse file takes little space") {
  const File file("file", O_RDWR | O_CREAT);
  Must(ftruncate(file, 100 * kMiB));
  WriteAt(file, "end", 100 * kMiB - 3);
  Expect(Stat(file).st_blocks * 512 < kMiB, "it is sparse on the host");
  // Little to compare is left: reading a hundred MiB of nothing takes the host and the guest long.
  Must(ftruncate(file, kMiB));
}

CHECK("lseek by the end tells the size") {
  const File file("file", O_RDWR | O_CREAT);
  WriteAt(file, Pattern(12'345), 0);
  ExpectEqual(Must(lseek(file, 0, SEEK_END)), 12'345L);
  ExpectEqual(Must(lseek(file, -45, SEEK_END)), 12'300L);
  FailsWith(EINVAL, lseek(file, -1, SEEK_SET));
}

CHECK("copy_file_range copies between two files") {
  const std::string content = Pattern(300'000, 8);
  WriteFile("source", content);
  const File source("source", O_RDONLY);
  const File target("target", O_RDWR | O_CREAT);
  off_t from = 1'000;
  off_t to = 77;
  size_t left = 200'000;
  while (left > 0) {
    const auto copied =
        static_cast<size_t>(Must(copy_file_range(source, &from, target, &to, left, 0)));
    Expect(copied > 0, "the copy goes on");
    left -= copied;
  }
  ExpectSameContent(ReadAt(target, 300'000, 0),
                    std::string(77, '\0') + content.substr(1'000, 200'000));
}

CHECK("copy_file_range at the end of the source copies nothing") {
  WriteFile("source", "12345");
  const File source("source", O_RDONLY);
  const File target("target", O_RDWR | O_CREAT);
  off_t from = 5;
  ExpectEqual(Must(copy_file_range(source, &from, target, nullptr, 100, 0)), 0L);
}

}  // namespace
}  // namespace checks
