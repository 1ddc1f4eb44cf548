// News after commits: which folder, account or queue has changed. Sessions of this process are told directly; NOTIFY
// carries the news between processes on the same database (one listening connection a process).
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "server/base/ids.h"
#include "server/base/result.h"

namespace pennypost::store {

class Database;

/// One object a process; any thread. A call back must only signal (an event descriptor, a condition): it runs on the
/// thread that committed and holds it up; it must not use the store. It may come without need, and two may become one.
class News {
 public:
  using Signal = std::function<void()>;

  /// Ends its subscription when destroyed; afterwards the signal is not running and will not run again.
  class Subscription {
   public:
    Subscription() = default;
    Subscription(News* news, std::uint64_t id) : news_{news}, id_{id} {}
    Subscription(Subscription&& other) noexcept;
    Subscription& operator=(Subscription&& other) noexcept;
    ~Subscription();

   private:
    News* news_ = nullptr;
    std::uint64_t id_ = 0;
  };

  explicit News(Database& database);
  ~News();
  News(const News&) = delete;

  Subscription on_folder(FolderId folder, Signal signal);     ///< messages or flags changed: FolderView::sync
  Subscription on_account(AccountId account, Signal signal);  ///< folders made, renamed, removed, subscribed
  Subscription on_queue(Signal signal);                       ///< new or released entries of the out queue
  Subscription on_settings(Signal signal);
  Subscription on_directory(Signal signal);  ///< accounts, addresses, domains

  // ---- for the writers of store/: after their commit, to this process and to the others
  void folder_changed(FolderId folder, ModSeq mod_seq);
  void account_changed(AccountId account);
  void queue_changed();

  /// What the listening connection calls for changes of other processes, before the subscribers' signals. Set once.
  struct Remote {
    std::function<void(FolderId, ModSeq)> folder;
    std::function<void()> settings;
    std::function<void()> directory;
    std::function<void()> missed;  ///< the connection was away: anything may have changed
  };
  /// Starts listening (a thread and a connection of its own), reconnecting with back-off.
  void start(Remote remote);
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pennypost::store
