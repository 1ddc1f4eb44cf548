// News: subscribers of this process under one mutex, and one thread with one connection that listens on the channel
// "pennypost" and sends what this process has to tell, many at a time. What is told is only "look again": losing a
// notification (a crash between commit and NOTIFY) is made good by the next one, and a lost connection by "missed".
#include "server/store/news.h"

#include <charconv>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <unordered_map>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "server/base/log.h"
#include "server/store/connection.h"
#include "server/store/database.h"

namespace pennypost::store {

namespace {

constexpr LogEvent kListenFailed{"store.listen_failed", Level::debug, "not listening for news: {reason}"};

constexpr LogEvent kNotTold{"store.news_not_told", Level::warning,
                            "other processes do not hear of the last changes: {reason}"};

const Sql kNotify{"news.notify", "SELECT pg_notify('pennypost', word) FROM unnest($1::text[]) AS word"};

// A change is told at once, but the next one not before this is over: many flags, one after the other, are one NOTIFY
// for each pause and not a transaction for each flag.
constexpr std::chrono::milliseconds kBetweenNotifies{10};

enum class Subject { folder, account, queue, settings, directory };

std::int64_t read_number(std::string_view& text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  std::int64_t n = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), n);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return n;
}

}  // namespace

struct News::Impl {
  explicit Impl(Database& d) : database{d} {}
  Database& database;

  std::mutex mutex;  // of the subscriptions; held while signals run
  std::uint64_t next_id = 1;
  std::map<std::pair<Subject, std::int64_t>, std::vector<std::pair<std::uint64_t, Signal>>> subscribers;
  std::unordered_map<std::uint64_t, std::pair<Subject, std::int64_t>> places;

  std::mutex out_mutex;
  std::map<std::int64_t, std::uint64_t> out_folders;
  std::set<std::int32_t> out_accounts;
  bool out_queue = false;
  int wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  std::atomic<bool> stopping{false};
  Remote remote;
  std::thread thread;

  Subscription subscribe(News* news, Subject subject, std::int64_t key, Signal signal) {
    const std::lock_guard lock{mutex};
    const auto id = next_id++;
    subscribers[{subject, key}].emplace_back(id, std::move(signal));
    places[id] = {subject, key};
    return {news, id};
  }
  void unsubscribe(std::uint64_t id) {
    const std::lock_guard lock{mutex};
    const auto place = places.find(id);
    if (place == places.end()) return;
    const auto list = subscribers.find(place->second);
    std::erase_if(list->second, [id](const auto& s) { return s.first == id; });
    if (list->second.empty()) subscribers.erase(list);
    places.erase(place);
  }
  void signal(Subject subject, std::int64_t key) {
    const std::lock_guard lock{mutex};
    const auto list = subscribers.find({subject, key});
    if (list == subscribers.end()) return;
    for (const auto& [id, call] : list->second) call();
  }
  void signal_all() {
    const std::lock_guard lock{mutex};
    for (const auto& [place, list] : subscribers)
      for (const auto& [id, call] : list) call();
  }
  void poke() const {
    const std::uint64_t one = 1;
    (void)!write(wake, &one, sizeof one);
  }
  std::vector<std::string> take_out() {
    std::uint64_t count = 0;
    (void)!read(wake, &count, sizeof count);
    std::vector<std::string> words;
    const std::lock_guard lock{out_mutex};
    for (const auto& [folder, mod_seq] : out_folders)
      words.push_back("f " + std::to_string(folder) + " " + std::to_string(mod_seq));
    for (const auto account : out_accounts) words.push_back("a " + std::to_string(account));
    if (std::exchange(out_queue, false)) words.emplace_back("q");
    out_folders.clear();
    out_accounts.clear();
    return words;
  }
  void heard(std::string_view word, bool is_ours) {
    // Triggers speak with the connection that changed the table, so our own come back here too; they are wanted.
    if (word == "settings") {
      if (remote.settings) remote.settings();
      signal(Subject::settings, 0);
    } else if (word == "directory") {
      if (remote.directory) remote.directory();
      signal(Subject::directory, 0);
    } else if (is_ours) {
      return;
    } else if (word == "q") {
      signal(Subject::queue, 0);
    } else if (word.starts_with("f ")) {
      word.remove_prefix(2);
      const auto folder = read_number(word);
      const auto mod_seq = read_number(word);
      if (remote.folder) remote.folder(static_cast<FolderId>(folder), static_cast<ModSeq>(mod_seq));
      signal(Subject::folder, folder);
    } else if (word.starts_with("a ")) {
      word.remove_prefix(2);
      signal(Subject::account, read_number(word));
    }
  }
  void listen(Connection& connection);
  void tell_the_rest();
  void run();
};

void News::Impl::listen(Connection& connection) {
  using Clock = std::chrono::steady_clock;
  auto may_tell = Clock::now();
  bool is_waiting = false;  // there is something to tell, and its pause is not over
  while (!stopping && connection.is_open()) {
    while (PGnotify* n = PQnotifies(connection.raw())) {
      heard(n->extra, n->be_pid == connection.backend());
      PQfreemem(n);
    }
    const auto pause = std::chrono::ceil<std::chrono::milliseconds>(may_tell - Clock::now());
    std::array<pollfd, 2> wait{{{PQsocket(connection.raw()), POLLIN, 0}, {is_waiting ? -1 : wake, POLLIN, 0}}};
    poll(wait.data(), wait.size(), is_waiting ? static_cast<int>(std::max<std::int64_t>(0, pause.count())) : 30'000);
    if (stopping) return;
    is_waiting = is_waiting || (wait[1].revents & POLLIN) != 0;
    if (is_waiting && Clock::now() >= may_tell) {
      is_waiting = false;
      const auto words = take_out();
      if (!words.empty() && !connection.query(kNotify, words)) return;
      may_tell = Clock::now() + kBetweenNotifies;
    }
    if (wait[0].revents != 0 && PQconsumeInput(connection.raw()) != 1) return;
  }
}

/// Of a process that ends at once, a command: what it has changed is news to the server that runs beside it.
void News::Impl::tell_the_rest() {
  const auto words = take_out();
  if (words.empty()) return;
  auto connection = database.connect();
  if (!connection) return log(kNotTold, connection.error());
  if (auto told = (*connection)->query(kNotify, words); !told) log(kNotTold, told.error());
}

void News::Impl::run() {
  auto pause = std::chrono::milliseconds{20};
  bool listened = false;
  while (!stopping) {
    auto connection = database.connect();
    // Who hears a NOTIFY looks at what is committed: its own commit need not wait for the disk.
    if (connection && (*connection)->execute("SET synchronous_commit = off") &&
        (*connection)->execute("LISTEN pennypost")) {
      pause = std::chrono::milliseconds{20};
      // From here on everything is heard; what came before may have been missed.
      if (remote.missed) remote.missed();
      if (std::exchange(listened, true)) signal_all();
      listen(**connection);
    } else if (!connection) {
      log(kListenFailed, connection.error());
    }
    if (stopping) return;
    const auto until = std::chrono::steady_clock::now() + pause;
    while (!stopping && std::chrono::steady_clock::now() < until)
      std::this_thread::sleep_for(std::min(pause, std::chrono::milliseconds{50}));
    pause = std::min(pause * 2, std::chrono::milliseconds{2000});
  }
}

News::Subscription::Subscription(Subscription&& other) noexcept
    : news_{std::exchange(other.news_, nullptr)}, id_{other.id_} {}
News::Subscription& News::Subscription::operator=(Subscription&& other) noexcept {
  if (this == &other) return *this;
  if (news_ != nullptr) news_->impl_->unsubscribe(id_);
  news_ = std::exchange(other.news_, nullptr);
  id_ = other.id_;
  return *this;
}
News::Subscription::~Subscription() {
  if (news_ != nullptr) news_->impl_->unsubscribe(id_);
}

News::News(Database& database) : impl_{std::make_unique<Impl>(database)} {}

News::~News() {
  stop();
  close(impl_->wake);
}

News::Subscription News::on_folder(FolderId folder, Signal signal) {
  return impl_->subscribe(this, Subject::folder, number(folder), std::move(signal));
}
News::Subscription News::on_account(AccountId account, Signal signal) {
  return impl_->subscribe(this, Subject::account, number(account), std::move(signal));
}
News::Subscription News::on_queue(Signal signal) {
  return impl_->subscribe(this, Subject::queue, 0, std::move(signal));
}
News::Subscription News::on_settings(Signal signal) {
  return impl_->subscribe(this, Subject::settings, 0, std::move(signal));
}
News::Subscription News::on_directory(Signal signal) {
  return impl_->subscribe(this, Subject::directory, 0, std::move(signal));
}

void News::folder_changed(FolderId folder, ModSeq mod_seq) {
  impl_->signal(Subject::folder, number(folder));
  {
    const std::lock_guard lock{impl_->out_mutex};
    auto& known = impl_->out_folders[number(folder)];
    known = std::max(known, number(mod_seq));
  }
  impl_->poke();
}

void News::account_changed(AccountId account) {
  impl_->signal(Subject::account, number(account));
  {
    const std::lock_guard lock{impl_->out_mutex};
    impl_->out_accounts.insert(number(account));
  }
  impl_->poke();
}

void News::queue_changed() {
  impl_->signal(Subject::queue, 0);
  {
    const std::lock_guard lock{impl_->out_mutex};
    impl_->out_queue = true;
  }
  impl_->poke();
}

void News::start(Remote remote) {
  impl_->remote = std::move(remote);
  impl_->thread = std::thread{[this] { impl_->run(); }};
}

void News::stop() {
  impl_->stopping = true;
  impl_->poke();
  if (!impl_->thread.joinable()) return;
  impl_->thread.join();
  impl_->tell_the_rest();
}

}  // namespace pennypost::store
