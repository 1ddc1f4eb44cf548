// Rows of FETCH responses, written straight into the output: no allocation a row (DESIGN section 8).
#pragma once
#include <memory>
#include <string_view>

#include "server/imap/fetch_items.h"
#include "server/imap/selection.h"
#include "server/net/connection.h"

namespace pennypost::imap {

/// Gathers small pieces in one block before they go to the connection. One thread, as long as one command.
class Out {
 public:
  /// `block`: what goes out at once; more for answers that are known to be long.
  explicit Out(net::Connection& connection, Octets block = 16_KiB)
      : connection_{connection}, size_{block.size()}, block_{std::make_unique_for_overwrite<char[]>(size_)} {}
  ~Out() { flush(); }
  Out(const Out&) = delete;
  Out& operator=(const Out&) = delete;

  void put(std::string_view text) {
    if (text.size() > size_ - filled_) return put_large(text);
    text.copy(block_.get() + filled_, text.size());
    filled_ += text.size();
  }
  void put(char c) {
    if (filled_ == size_) flush();
    block_[filled_++] = c;
  }
  void number(std::uint64_t n);
  void flush();
  net::Connection& connection() { return connection_; }

 private:
  void put_large(std::string_view text);
  net::Connection& connection_;
  const std::size_t size_;
  const std::unique_ptr<char[]> block_;
  std::size_t filled_ = 0;
};

/// "* 12 FETCH (" and the items that stand in the row of the folder.
class RowPrinter {
 public:
  RowPrinter(Out& out, const Selection& selection) : out_{out}, selection_{selection}, now_{selection.now()} {}

  void begin(store::Msn msn);
  /// One item of the row group of Item, with its name; a space in front when it is not the first.
  void item(Item item, const store::FolderRow& row);
  /// The name of another item, whose value the caller writes.
  void label(std::string_view label);
  void end() { out_.put(")\r\n"); }

 private:
  void flags(const store::FolderRow& row);
  Out& out_;
  const Selection& selection_;
  const store::FolderSnapshot& now_;
  bool first_ = true;
};

/// True for the items that RowPrinter::item knows.
constexpr bool is_row_item(Item item) { return item <= Item::mod_seq; }

}  // namespace pennypost::imap
