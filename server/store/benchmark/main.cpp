// store_benchmark: what the store does on this machine, with fsync on, in a cluster of its own in a folder that it is
// given. Prints deliveries a second (10 KB messages, one and ten threads), bodies read in bulk and one by one,
// envelopes, flags. Not a test: figures are for comparing two ways of doing a thing, in one run (docs/benchmarks.md).
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include <fmt/format.h>
#include <unistd.h>

#include "server/store/store.h"

namespace {

using namespace pennypost;
using namespace pennypost::store;

// Text that compresses about as mail does: words, and base64 of noise for a third of it.
std::string message_of(std::size_t size, unsigned seed) {
  std::string out =
      "Return-Path: <a@example.com>\r\nReceived: from mail.example.com by here; Mon, 1 Jan 2024 00:00:00 +0000\r\n"
      "From: Ann <ann@example.com>\r\nTo: Bob <bob@example.com>\r\nSubject: message number " +
      std::to_string(seed) + "\r\nMessage-ID: <" + std::to_string(seed) + "@example.com>\r\n\r\n";
  static constexpr const char* kWords[] = {"the ",  "message ", "was ", "delivered ", "before ", "anybody ", "noticed ",
                                           "that ", "it ",      "had ", "been ",      "lost ",   "again, ",  "which "};
  std::uint32_t random = seed * 2654435761U + 1;
  const auto next = [&random] { return random = random * 1664525U + 1013904223U; };
  while (out.size() < size) {
    if (out.size() % 3000 < 1000) {
      for (int i = 0; i < 72; ++i)
        out += "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[(next() >> 20U) % 64];
      out += "\r\n";
    } else {
      for (int i = 0; i < 11; ++i) out += kWords[(next() >> 16U) % std::size(kWords)];
      out += "\r\n";
    }
  }
  out.resize(size);
  return out;
}

// Processor time so far in microseconds: ours, and that of the database's processes (they outlive each measurement).
std::pair<std::int64_t, std::int64_t> processor_time(int postmaster) {
  const auto of = [](const std::string& pid) -> std::int64_t {
    std::ifstream in{"/proc/" + pid + "/stat"};
    std::string text{std::istreambuf_iterator<char>{in}, {}};
    const auto behind = text.rfind(')');
    if (behind == std::string::npos) return 0;
    std::istringstream fields{text.substr(behind + 2)};
    std::string skip;
    std::int64_t user = 0;
    std::int64_t system = 0;
    for (int i = 0; i < 11; ++i) fields >> skip;
    fields >> user >> system;
    return (user + system) * 1'000'000 / sysconf(_SC_CLK_TCK);
  };
  const auto pid = std::to_string(postmaster);
  std::int64_t database = of(pid);
  std::ifstream children{"/proc/" + pid + "/task/" + pid + "/children"};
  for (std::string child; children >> child;) database += of(child);
  return {of("self"), database};
}

int g_postmaster = 0;

template <typename F>
void measure(const char* what, std::int64_t count, const F& run) {
  const auto [ours, theirs] = processor_time(g_postmaster);
  const auto begun = std::chrono::steady_clock::now();
  run();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  const auto [ours_now, theirs_now] = processor_time(g_postmaster);
  fmt::print("{:<42} {:>9.0f} /s  ({} in {:.2f} s; processor us each: {:.1f} + database {:.1f})\n", what,
             static_cast<double>(count) / took.count(), count, took.count(),
             static_cast<double>(ours_now - ours) / static_cast<double>(count),
             static_cast<double>(theirs_now - theirs) / static_cast<double>(count));
  std::fflush(stdout);
}

void give_up(const Error& e) {
  fmt::print(stderr, "{}\n", e.for_log);
  std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "store_benchmark FOLDER [MESSAGES]   (the folder is made, and kept for a second run)\n");
    return 2;
  }
  const int count = argc > 2 ? std::atoi(argv[2]) : 5000;
  auto opened = Store::open({.cluster = {.data_dir = argv[1]}});
  if (!opened) give_up(opened.error());
  auto& store = **opened;
  {
    std::ifstream pid{std::string{argv[1]} + "/db/postmaster.pid"};
    pid >> g_postmaster;
  }
  (void)store.accounts().create({.name = "bench"});
  auto account = store.accounts().find("bench");
  if (!account) give_up(account.error());

  std::vector<std::string> texts;
  for (unsigned i = 0; i < 200; ++i) texts.push_back(message_of(10'000, i));
  const std::string envelope(400, 'e');
  const auto deliver = [&](FolderId folder, int i) {
    NewBody body;
    body.octets = texts[static_cast<std::size_t>(i) % texts.size()];
    body.header_size = {300};
    body.envelope = envelope;
    body.bodystructure = "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"utf-8\") NIL NIL \"7BIT\" 9700 130 NIL NIL NIL NIL)";
    body.parts = "0123456789";
    body.subject = body.base_subject = "message number";
    body.from_name = "Ann";
    body.from_addr = "ann@example.com";
    body.to_list = "Bob <bob@example.com>";
    body.message_id = "<" + std::to_string(i) + "@example.com>";
    Letter letter;
    letter.body = &body;
    letter.mailboxes.push_back({.folder = folder, .prefix = "Return-Path: <a@example.com>\r\n"});
    Delivery delivery;
    delivery.letters.push_back(std::move(letter));
    delivery.trace = {"t" + std::to_string(i),
                      body.message_id,
                      {{Timestamp{}, "routing", "pass", "bench"}, {Timestamp{}, "mailbox", "pass", ""}}};
    auto done = store.writer().deliver(delivery);
    if (!done) give_up(done.error());
  };
  const auto folder_named = [&](const std::string& name) {
    (void)store.folders().create(account->id, name);
    auto found = store.folders().find(account->id, name);
    if (!found) give_up(found.error());
    return found->id;
  };

  const auto one = folder_named("One");
  for (int i = 0; i < 300; ++i) deliver(one, i);
  measure("deliver 10 KB, 1 thread", count / 5, [&] {
    for (int i = 0; i < count / 5; ++i) deliver(one, i);
  });
  for (const int threads : {4, 10}) {
    measure(fmt::format("deliver 10 KB, {} threads, one folder", threads).c_str(), count, [&] {
      std::vector<std::thread> all;
      for (int t = 0; t < threads; ++t)
        all.emplace_back([&, t] {
          for (int i = t; i < count; i += threads) deliver(one, i);
        });
      for (auto& t : all) t.join();
    });
  }
  std::vector<FolderId> ten;
  for (int i = 0; i < 10; ++i) ten.push_back(folder_named("F" + std::to_string(i)));
  measure("deliver 10 KB, 10 threads, ten folders", count, [&] {
    std::vector<std::thread> all;
    for (int t = 0; t < 10; ++t)
      all.emplace_back([&, t] {
        for (int i = t; i < count; i += 10) deliver(ten[static_cast<std::size_t>(t)], i);
      });
    for (auto& t : all) t.join();
  });

  auto snapshot = store.states().peek(one);
  if (!snapshot) give_up(snapshot.error());
  std::vector<Uid> uids;
  (*snapshot)->for_each(1, 2000, [&](Msn, const FolderRow& row) {
    uids.push_back(row.uid);
    return true;
  });
  const auto n = static_cast<std::int64_t>(uids.size());
  for (int round = 0; round < 2; ++round) {
    std::size_t octets = 0;
    measure("read whole messages in bulk", n, [&] {
      (void)store.messages().fetch_octets(one, uids, [&](const Piece& p) {
        octets += p.octets.size();
        return true;
      });
    });
    measure("read envelopes in bulk", n * 5, [&] {
      for (int i = 0; i < 5; ++i)
        (void)store.messages().fetch(one, uids, Columns::envelope, [&](const Fetched& f) {
          octets += f.envelope.size();
          return true;
        });
    });
    measure("read headers in bulk", n, [&] {
      (void)store.messages().fetch(one, uids, Columns::header, [&](const Fetched& f) {
        octets += f.header.size();
        return true;
      });
    });
    measure("read whole messages one by one", n, [&] {
      for (const Uid uid : uids)
        (void)store.messages().fetch_octets(one, std::array{uid}, [&](const Piece& p) {
          octets += p.octets.size();
          return true;
        });
    });
  }
  measure("store a flag, one message each", n, [&] {
    for (const Uid uid : uids)
      (void)store.messages().store_flags(one, UidSet::range(uid, uid), {FlagOp::add, Flag::flagged, {}});
  });
  measure("load a folder's state (rows)", (*snapshot)->exists(), [&] {
    auto second = Store::open({.cluster = {.data_dir = argv[1]}});
    if (!second) give_up(second.error());
    (void)(*second)->states().peek(one);
  });
  auto words = store.describe();
  if (words) fmt::print("{}\n", *words);
}
