// The private cluster: first start, second start, kill -9 of either side, tools beside a server, and errors in words.
#include "server/store/cluster.h"

#include <fstream>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/store/connection.h"
#include "server/store/store_test_support.h"

namespace pennypost::store {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
namespace fs = std::filesystem;

// A data folder of a test, gone at its end.
struct Folder {
  fs::path dir;
  Folder() {
    std::string pattern = "/tmp/pennypost-cluster-XXXXXX";
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    dir = pattern;
    fs::permissions(dir, fs::perms{0755});
  }
  ~Folder() {
    std::error_code none;
    fs::remove_all(dir, none);
  }
  fs::path data() const { return dir / "data"; }
};

ClusterOptions options_for(const fs::path& data, Mode mode = Mode::server) {
  ClusterOptions options;
  options.data_dir = data;
  options.mode = mode;
  options.is_throwaway = true;
  options.shared_buffers = {8 * 1024 * 1024};
  options.start_wait = Seconds{40};
  return options;
}

bool is_gone(int pid) { return kill(pid, 0) != 0; }

template <typename F>
bool eventually(const F& holds, std::chrono::seconds most = 20s) {
  const auto until = std::chrono::steady_clock::now() + most;
  while (std::chrono::steady_clock::now() < until) {
    if (holds()) return true;
    std::this_thread::sleep_for(20ms);
  }
  return false;
}

TEST(Cluster, IsMadeAtTheFirstStartAndKeepsWhatWasStored) {
  Folder folder;
  int pid = 0;
  {
    auto store = Store::open({.cluster = options_for(folder.data())});
    ASSERT_OK(store);
    ASSERT_OK((*store)->accounts().create({.name = "ann"}));
    auto words = (*store)->describe();
    ASSERT_OK(words);
    EXPECT_THAT(*words, HasSubstr("PostgreSQL"));
    std::ifstream file{folder.data() / "db/postmaster.pid"};
    file >> pid;
    EXPECT_GT(pid, 0);
  }
  EXPECT_TRUE(is_gone(pid)) << "stopped with its owner";
  auto again = Store::open({.cluster = options_for(folder.data())});
  ASSERT_OK(again);
  EXPECT_OK((*again)->accounts().find("ann"));
}

TEST(Cluster, APostgresThatIsKilledIsStartedAgainAndTheStoreGoesOn) {
  Folder folder;
  auto cluster = Cluster::start(options_for(folder.data()));
  ASSERT_OK(cluster);
  auto store = Store::connect((*cluster)->connection());
  ASSERT_OK(store);
  auto ann = (*store)->accounts().create({.name = "ann"});
  ASSERT_OK(ann);
  const auto inbox = (*store)->folders().find(ann->id, "INBOX")->id;
  std::atomic<bool> stop{false};
  std::atomic<int> acknowledged{0};
  std::thread sender{[&] {
    while (!stop) {
      const auto body = body_of(kSmall);
      auto done = (*store)->writer().deliver(one_letter(body, inbox));
      if (done) {
        ++acknowledged;
      } else {
        EXPECT_EQ(done.error().kind, Kind::unavailable) << done.error().for_log;
      }
    }
  }};
  for (int round = 0; round < 3; ++round) {
    const int before = acknowledged;
    ASSERT_TRUE(eventually([&] { return acknowledged > before + 5; }));
    const int pid = (*cluster)->postmaster();
    ASSERT_GT(pid, 0);
    ASSERT_EQ(kill(pid, SIGKILL), 0);
    ASSERT_TRUE(eventually([&] { return (*cluster)->postmaster() != pid && (*cluster)->postmaster() != 0; }));
  }
  const int before = acknowledged;
  EXPECT_TRUE(eventually([&] { return acknowledged > before; }));
  stop = true;
  sender.join();
  auto count = (*store)->folders().find(inbox);
  ASSERT_OK(count);
  // A delivery whose answer was lost may be there without having been acknowledged; none that was may be missing.
  EXPECT_GE(count->count, acknowledged);
  EXPECT_LE(count->count, acknowledged + 3);
  EXPECT_EQ(*(*store)->folders().recount(ann->id), 0) << "nothing half there";
  EXPECT_EQ((*(*store)->states().peek(inbox))->exists(), count->count);
  store->reset();
}

// Runs in a child: opens the store, delivers without end, reports each acknowledged delivery with one octet.
[[noreturn]] void deliver_for_ever(const fs::path& data, int report) {
  auto store = Store::open({.cluster = options_for(data)});
  if (!store) _exit(3);
  auto ann = (*store)->accounts().find("ann");
  if (!ann) {
    ann = (*store)->accounts().create({.name = "ann"});
    if (!ann) _exit(4);
  }
  const auto inbox = (*store)->folders().find(ann->id, "INBOX")->id;
  const std::string large = kSmall + std::string(600'000, 'x');  // several chunks
  for (;;) {
    const auto body = body_of(large);
    auto done = (*store)->writer().deliver(one_letter(body, inbox));
    if (!done) _exit(5);
    if (write(report, "+", 1) != 1) _exit(6);
  }
}

TEST(Cluster, AServerThatIsKilledInMidDeliveryLosesNothingAndLeavesNothingHalfThere) {
  Folder folder;
  std::int64_t acknowledged = 0;
  for (int round = 0; round < 3; ++round) {
    std::array<int, 2> pipe{};
    ASSERT_EQ(pipe2(pipe.data(), O_CLOEXEC), 0);
    const pid_t child = fork();
    if (child == 0) deliver_for_ever(folder.data(), pipe[1]);
    close(pipe[1]);
    std::array<char, 64> buffer{};
    std::int64_t got = 0;
    while (got < 5 + round * 3) {
      const auto n = read(pipe[0], buffer.data(), buffer.size());
      ASSERT_GT(n, 0) << "the child ended by itself";
      got += n;
    }
    kill(child, SIGKILL);
    for (ssize_t n = 0; (n = read(pipe[0], buffer.data(), buffer.size())) > 0;) got += n;
    close(pipe[0]);
    waitpid(child, nullptr, 0);
    acknowledged += got;
  }
  auto store = Store::open({.cluster = options_for(folder.data())});  // at once: the old postmaster is still stopping
  ASSERT_OK(store);
  auto ann = (*store)->accounts().find("ann");
  ASSERT_OK(ann);
  auto inbox = (*store)->folders().find(ann->id, "INBOX");
  ASSERT_OK(inbox);
  EXPECT_GE(inbox->count, acknowledged);
  EXPECT_LE(inbox->count, acknowledged + 3);
  EXPECT_EQ(*(*store)->folders().recount(ann->id), 0);
  const std::size_t expected = kSmall.size() + 600'000;
  std::map<Uid, std::size_t> sizes;
  std::vector<Uid> uids;
  (*(*store)->states().peek(inbox->id))->for_each(1, 1'000'000, [&](Msn, const FolderRow& row) {
    uids.push_back(row.uid);
    return true;
  });
  ASSERT_OK((*store)->messages().fetch_octets(inbox->id, uids, [&](const Piece& p) {
    sizes[p.uid] += p.octets.size();
    return true;
  }));
  EXPECT_EQ(sizes.size(), uids.size());
  for (const auto& [uid, size] : sizes) EXPECT_EQ(size, expected) << number(uid);
}

TEST(Cluster, AToolUsesTheRunningServerAndStartsOneWhereNoneRuns) {
  Folder folder;
  {
    auto tool = Store::open({.cluster = options_for(folder.data(), Mode::tool)});
    ASSERT_OK(tool);
    EXPECT_OK((*tool)->accounts().create({.name = "ann"}));
    auto second = Store::open({.cluster = options_for(folder.data(), Mode::tool)});
    ASSERT_OK(second);
    EXPECT_OK((*second)->accounts().find("ann"));
    second->reset();
    EXPECT_OK((*tool)->accounts().find("ann")) << "the second one has not stopped what the first one started";
  }
  auto server = Cluster::start(options_for(folder.data()));
  ASSERT_OK(server);
  const int pid = (*server)->postmaster();
  {
    auto tool = Store::open({.cluster = options_for(folder.data(), Mode::tool)});
    ASSERT_OK(tool);
    EXPECT_OK((*tool)->accounts().find("ann"));
  }
  EXPECT_FALSE(is_gone(pid));
  EXPECT_EQ((*server)->postmaster(), pid);
}

TEST(Cluster, ADataFolderOfALongNameWorksToo) {
  Folder folder;
  const auto data = folder.dir / std::string(120, 'd') / "data";
  auto cluster = Cluster::start(options_for(data));
  ASSERT_OK(cluster);
  EXPECT_LT((*cluster)->socket_dir().size(), 90U);
  auto tool = Cluster::start(options_for(data, Mode::tool));
  EXPECT_OK(tool);
  ASSERT_OK(tool);
  EXPECT_EQ((*tool)->socket_dir(), (*cluster)->socket_dir());
  const fs::path sockets = (*cluster)->socket_dir();
  tool->reset();
  cluster->reset();
  std::error_code none;
  fs::remove_all(sockets, none);
}

TEST(Cluster, OneThatWasInterruptedWhileItWasMadeIsMadeAnew) {
  Folder folder;
  fs::create_directories(folder.data() / "db.new/base");
  std::ofstream{folder.data() / "db.new/PG_VERSION"} << "15\n";
  EXPECT_OK(Cluster::start(options_for(folder.data())));
  EXPECT_FALSE(fs::exists(folder.data() / "db.new"));
}

TEST(Cluster, ErrorsAreSentencesForTheAdministrator) {
  Folder folder;
  {  // of another version of PostgreSQL
    fs::create_directories(folder.dir / "newer/db");
    std::ofstream{folder.dir / "newer/db/PG_VERSION"} << "99\n";
    auto started = Cluster::start(options_for(folder.dir / "newer"));
    ASSERT_FALSE(started.ok());
    EXPECT_EQ(started.error().kind, Kind::bad_input);
    EXPECT_THAT(started.error().for_log, HasSubstr("PostgreSQL 99"));
  }
  {  // a file where the folder should be
    std::ofstream{folder.dir / "file"} << "x";
    auto started = Cluster::start(options_for(folder.dir / "file"));
    ASSERT_FALSE(started.ok());
    EXPECT_EQ(started.error().kind, Kind::bad_input);
    EXPECT_THAT(started.error().for_log, HasSubstr("is not a folder"));
  }
  {  // no PostgreSQL
    auto options = options_for(folder.dir / "none");
    options.binaries = folder.dir;
    auto started = Cluster::start(options);
    ASSERT_FALSE(started.ok());
    EXPECT_EQ(started.error().kind, Kind::not_found);
    EXPECT_THAT(started.error().for_log, HasSubstr("No PostgreSQL"));
  }
  {  // not a cluster
    fs::create_directories(folder.dir / "strange/db");
    auto started = Cluster::start(options_for(folder.dir / "strange"));
    ASSERT_FALSE(started.ok());
    EXPECT_THAT(started.error().for_log, HasSubstr("no database that can be read"));
  }
}

// A small file system of its own; only root may mount, and not in every container.
struct SmallDisk {
  fs::path at;
  bool mounted = false;
  SmallDisk(const fs::path& place, const char* size) : at{place} {
    fs::create_directories(at);
    mounted = mount("tmpfs", at.c_str(), "tmpfs", 0, (std::string{"mode=0755,size="} + size).c_str()) == 0;
  }
  ~SmallDisk() {
    if (mounted) umount2(at.c_str(), MNT_DETACH);
  }
};

TEST(Cluster, AFullDiskIsSaidInWordsAndNothingIsLost) {
  Folder folder;
  SmallDisk tiny{folder.dir / "tiny", "20m"};
  if (!tiny.mounted) GTEST_SKIP() << "no right to mount a small file system";
  auto refused = Cluster::start(options_for(tiny.at / "data"));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, Kind::disk_full) << refused.error().for_log;

  SmallDisk small{folder.dir / "small", "220m"};
  ASSERT_TRUE(small.mounted);
  auto store = Store::open({.cluster = options_for(small.at / "data")});
  ASSERT_OK(store);
  auto ann = (*store)->accounts().create({.name = "ann"});
  ASSERT_OK(ann);
  const auto inbox = (*store)->folders().find(ann->id, "INBOX")->id;
  std::string noise(4'000'000, '\0');
  std::uint32_t random = 1;
  for (auto& c : noise) c = static_cast<char>((random = random * 1664525U + 1013904223U) >> 24U);
  int stored = 0;
  bool was_full = false;
  std::string last_error;
  for (int i = 0; i < 100 && !was_full; ++i) {
    const auto body = body_of(noise);
    auto done = (*store)->writer().deliver(one_letter(body, inbox));
    if (done) {
      ++stored;
    } else {
      was_full = true;  // disk_full, or unavailable when the write-ahead log itself found no room
      last_error = done.error().for_log;
      EXPECT_TRUE(done.error().kind == Kind::disk_full || done.error().kind == Kind::unavailable) << last_error;
    }
  }
  EXPECT_TRUE(was_full);
  EXPECT_GT(stored, 3);
  // Room again (the administrator grows the disk): the server goes on by itself, all that was acknowledged is there.
  ASSERT_EQ(mount("tmpfs", small.at.c_str(), "tmpfs", MS_REMOUNT, "size=500m"), 0);
  ASSERT_TRUE(eventually(
      [&] {
        auto found = (*store)->folders().find(inbox);
        return found && found->count == stored;
      },
      60s));
  EXPECT_TRUE(eventually([&] {
    const auto body = body_of(kSmall);
    return (*store)->writer().deliver(one_letter(body, inbox)).ok();
  }));
}

TEST(Cluster, AReadOnlyDiskIsSaidInWords) {
  Folder folder;
  SmallDisk disk{folder.dir / "ro", "200m"};
  if (!disk.mounted) GTEST_SKIP() << "no right to mount a small file system";
  { ASSERT_OK(Cluster::start(options_for(disk.at / "data"))); }
  ASSERT_EQ(mount("tmpfs", disk.at.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, ""), 0);
  auto refused = Cluster::start(options_for(disk.at / "data"));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, Kind::not_permitted) << refused.error().for_log;
  EXPECT_THAT(refused.error().for_log, HasSubstr("read-only"));
}

}  // namespace
}  // namespace pennypost::store
