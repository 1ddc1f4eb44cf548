// The octets of a message on their way: in memory while small, in a spool file when large, always in one piece.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "server/base/limits.h"
#include "server/base/result.h"
#include "server/base/units.h"

namespace pennypost::delivery {

/// Room before the first octet of every message: header fields go in front of it without moving the rest.
inline constexpr std::size_t kHeadroom = 16 * 1024;

/// A whole message that can be looked at in one piece however large it is: the memory of a large one is the page
/// cache's (a private mapping of an unlinked spool file), so it does not count against the process. Moves, never
/// copies.
class Content {
 public:
  Content() = default;
  Content(Content&& other) noexcept;
  Content& operator=(Content&& other) noexcept;
  Content(const Content&) = delete;
  Content& operator=(const Content&) = delete;
  ~Content();

  /// From octets that are in memory already (made here, webmail).
  static Content of(std::string_view octets);

  /// Valid until the next change or the end of the Content.
  std::string_view octets() const { return {base_ + begin_, end_ - begin_}; }
  Octets size() const { return {static_cast<std::int64_t>(end_ - begin_)}; }
  bool is_spooled() const { return mapped_ > 0; }

  /// Puts `text` in place of the first `octets` octets: 0 puts it before the message, the size of the header replaces
  /// the header. What follows stays where it is as long as the headroom lasts, then it is copied once. Views of what
  /// follows stay valid unless `moved()` changes.
  void replace_front(std::size_t octets, std::string_view text);
  int moved() const { return moved_; }

 private:
  friend class ContentWriter;
  void release();

  char* base_ = nullptr;  // owned: from operator new[] when mapped_ is 0, else a mapping of mapped_ octets
  std::size_t mapped_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  int moved_ = 0;
};

/// Takes the octets of a message as they arrive. It never fails on the way: the session has to read on to the end of
/// the message anyway, and then asks `finish`. Memory is bounded by kContentInMemory however large the message is.
class ContentWriter {
 public:
  /// `spool` is the folder for large messages; it exists. `expected` (the client's SIZE) only sizes the first buffer.
  ContentWriter(std::string spool, Octets most, Octets expected = {0});
  ~ContentWriter();
  ContentWriter(const ContentWriter&) = delete;
  ContentWriter& operator=(const ContentWriter&) = delete;

  void put(std::string_view octets);
  Octets size() const { return size_; }
  bool is_too_large() const { return size_ > most_; }

  /// The message, once. Errors: `too_large` (more than `most` came; nothing is kept), `disk_full`, `unavailable` (the
  /// spool folder).
  Result<Content> finish();

 private:
  void spill();
  void write_out();

  std::string spool_;
  Octets most_;
  Octets size_;
  char* buffer_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t filled_ = 0;
  int fd_ = -1;
  int error_ = 0;
};

}  // namespace pennypost::delivery
