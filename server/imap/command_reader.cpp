// Lines and literals of commands (RFC 3501 4.3 and 7.5, RFC 7888; limits: imap.line, imap.literal, imap.command).
// Needs a connection and the spool folder. What is too large is refused with a tagged reply and read to its end: a sync
// literal by not inviting it, a non-sync one by skipping its octets. One that is too long even for that ends the
// session, because nobody can say where the next command would begin.
#include "server/imap/command_reader.h"

#include <algorithm>

#include "server/base/text.h"
#include "server/imap/atoms.h"

namespace pennypost::imap {

namespace {

constexpr std::size_t kTail = 40;  // of an over-long line, to see a literal at its end

/// tag: any ASTRING-CHAR except "+".
bool is_tag(std::string_view word) {
  return !word.empty() && word.size() <= 255 &&
         std::ranges::all_of(word, [](char c) { return is_astring_char(c) && c != '+'; });
}

struct Head {
  std::string_view tag, name;
  bool uid_form = false;
  std::size_t arguments = 0;  ///< where they begin
};

/// tag SP ["UID" SP] name, of a first line.
Head head_of(std::string_view text) {
  Head head;
  std::size_t at = 0;
  const auto next_word = [&] {
    const std::size_t space = std::min(text.find_first_of(" \r\n", at), text.size());
    const std::string_view word = text.substr(at, space - at);
    at = space < text.size() && text[space] == ' ' ? space + 1 : space;
    return word;
  };
  head.tag = next_word();
  head.name = next_word();
  if (same_word(head.name, "UID")) {
    const std::size_t behind_uid = at;
    const std::string_view second = next_word();
    if (second.empty()) {
      at = behind_uid;
    } else {
      head.name = second;
      head.uid_form = true;
    }
  }
  head.arguments = at;
  return head;
}

Reply too_large(Octets most, bool message) {
  const std::string text = "The literal is larger than " + std::to_string(most.count) + " octets";
  return message ? no("TOOBIG", text) : bad(text);
}

}  // namespace

std::optional<CommandReader::LiteralMark> CommandReader::literal_at_end(std::string_view line, bool& malformed) {
  malformed = false;
  if (!line.ends_with('}')) return std::nullopt;
  const std::size_t open = line.rfind('{');
  if (open == std::string_view::npos) return std::nullopt;
  std::string_view digits = line.substr(open + 1, line.size() - open - 2);
  LiteralMark mark;
  if (digits.ends_with('+')) {
    mark.sync = false;
    digits.remove_suffix(1);
  }
  if (digits.empty() || !std::ranges::all_of(digits, [](char c) { return is_digit(c); })) return std::nullopt;
  for (const char c : digits) {
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (mark.size > (static_cast<std::uint64_t>(INT64_MAX) - digit) / 10) {
      malformed = true;
      return mark;
    }
    mark.size = mark.size * 10 + digit;
  }
  return mark;
}

Result<void> CommandReader::wait_for_input(Seconds wait) {
  const auto until = net::Connection::Clock::now() + wait;
  for (;;) {
    const auto left = std::chrono::ceil<Seconds>(until - net::Connection::Clock::now());
    switch (connection_.wait(std::max(left, Seconds{0}))) {
      case net::Woken::input:
        return {};
      case net::Woken::event:
        if (left > Seconds{0}) continue;
        [[fallthrough]];
      case net::Woken::timeout:
        silent_ = true;
        return error(Kind::unavailable, "silent", "the client was silent");
      case net::Woken::closed:
        return error(Kind::unavailable, "closed", "the client closed the connection");
      case net::Woken::stop:
        return error(Kind::cancelled, "stopping");
    }
  }
}

Result<bool> CommandReader::read_line(std::string& into, Octets most, Seconds wait) {
  bool fits = true;
  std::size_t taken = 0;
  tail_.clear();
  bool timed = false;
  for (;;) {
    std::string_view have = connection_.buffered();
    if (have.empty()) {
      if (const auto input = wait_for_input(wait); !input) return input.error();
      if (timed == false && taken > 0) {
        connection_.set_deadline(net::Connection::Clock::now() + kNetLineTime.most);
        timed = true;
      }
      auto some = connection_.read_some(wait);
      if (!some) return some.error();
      have = *some;
    }
    const std::size_t end = have.find('\n');
    const std::string_view part = have.substr(0, end);
    if (fits && taken + part.size() > most.size()) {
      fits = false;
      into.append(part.substr(0, most.size() - taken));
      tail_.assign(into, into.size() - std::min(into.size(), kTail));
    } else if (fits) {
      into.append(part);
    }
    if (!fits) {
      tail_.append(part.substr(part.size() - std::min(part.size(), kTail)));
      if (tail_.size() > kTail) tail_.erase(0, tail_.size() - kTail);
    }
    taken += part.size();
    connection_.consume(part.size() + (end == std::string_view::npos ? 0 : 1));
    if (end == std::string_view::npos) continue;
    if (timed) connection_.set_deadline(std::nullopt);
    std::string& last = fits ? into : tail_;
    if (last.ends_with('\r')) last.pop_back();
    return fits;
  }
}

Result<void> CommandReader::read_message(Octets size, Octets most, Seconds wait, std::optional<Reply>& refusal) {
  delivery::ContentWriter writer{spool_, most, size};
  std::size_t left = size.size();
  // A message may take long, but not for ever: the time of a line and a second a KiB.
  connection_.set_deadline(net::Connection::Clock::now() + kNetLineTime.most + Seconds{size.count / 1024});
  while (left > 0) {
    auto some = connection_.read_some(wait);
    if (!some) return some.error();
    const std::string_view part = some->substr(0, left);
    writer.put(part);
    left -= part.size();
    connection_.consume(part.size());
  }
  connection_.set_deadline(std::nullopt);
  auto content = writer.finish();
  if (!content) {
    refusal = reply_for(content.error());
    return {};
  }
  spooled_octets_ += size;
  contents_.push_back(*std::move(content));
  spooled_.push_back({text_.size(), contents_.back().octets()});
  return {};
}

Result<CommandRequest> CommandReader::read(Seconds wait, const ReaderLimits& limits,
                                           const std::function<bool(std::string_view)>& takes_messages,
                                           const RefuseEarly& refuse_early) {
  release();
  silent_ = false;
  std::optional<Reply> refusal;
  auto fits = read_line(text_, kImapLine.most, wait);
  if (!fits) return fits.error();
  const bool message_command = limits.message.count > 0 && takes_messages(head_of(text_).name);
  if (!*fits) refusal = bad("The line is longer than " + std::to_string(kImapLine.most.count) + " octets");
  for (;;) {
    bool malformed = false;
    const auto mark = literal_at_end(*fits ? text_ : tail_, malformed);
    if (!mark) break;
    const Octets size{static_cast<std::int64_t>(mark->size)};
    const bool whole_message = message_command && size > kInline;
    const Octets most = whole_message ? limits.message : limits.literal;
    if (!refusal && malformed) refusal = bad("This is no size of a literal");
    if (!refusal && size > most) refusal = too_large(most, message_command);
    if (!refusal &&
        static_cast<std::int64_t>(text_.size()) + (whole_message ? 0 : size.count) > kImapCommand.most.count)
      refusal = bad("The command is too long");
    if (!refusal && whole_message &&
        (std::ssize(contents_) >= kImapAppendMessages.most || spooled_octets_ + size > Octets{4 * most.count}))
      refusal = no("LIMIT", "Too many messages in one command");
    if (!refusal && whole_message && mark->sync) {
      const Head head = head_of(text_);
      refusal = refuse_early(head.name, std::string_view{text_}.substr(head.arguments));
    }
    if (refusal && mark->sync) break;  // it is not invited, so it will not come
    if (refusal && (malformed || size > kImapSkipped.most)) {
      refusal->then = Then::end_session;
      break;
    }
    if (mark->sync) connection_.write("+ Ready for literal data\r\n");
    if (refusal) {
      if (const auto skipped = connection_.skip(size, wait); !skipped) return skipped.error();
    } else {
      text_ += "\r\n";
      const auto got = whole_message ? read_message(size, most, wait, refusal) : read_string(size, wait);
      if (!got) return got.error();
    }
    if (refusal) {  // the rest is read to see where it ends
      std::string rest;
      fits = read_line(rest, kImapLine.most, wait);
      if (!fits) return fits.error();
      if (*fits) tail_ = std::move(rest);
      fits = Result<bool>{false};
      continue;
    }
    fits = read_line(text_, kImapLine.most, wait);
    if (!fits) return fits.error();
    if (!*fits) refusal = bad("The line is longer than " + std::to_string(kImapLine.most.count) + " octets");
  }
  const Head head = head_of(text_);
  CommandRequest request;
  request.tag = is_tag(head.tag) ? head.tag : "*";
  if (!refusal && request.tag == "*") refusal = bad(text_.empty() ? "An empty line" : "A command begins with a tag");
  if (!refusal && head.name.empty()) refusal = bad("No command behind the tag");
  request.name = head.name;
  request.uid_form = head.uid_form;
  request.arguments = std::string_view{text_}.substr(head.arguments);
  request.before = head.arguments;
  for (SpooledLiteral& each : spooled_) each.place -= head.arguments;
  request.spooled = spooled_;
  request.refusal = std::move(refusal);
  return request;
}

Result<void> CommandReader::read_string(Octets size, Seconds wait) {
  connection_.set_deadline(net::Connection::Clock::now() + kNetLineTime.most);
  const auto got = connection_.read_exactly(size, text_, wait);
  connection_.set_deadline(std::nullopt);
  return got;
}

delivery::Content CommandReader::take_content(const char* octets) {
  for (std::size_t i = 0; i < contents_.size(); ++i)
    if (contents_[i].octets().data() == octets) return std::move(contents_[i]);
  return {};
}

void CommandReader::release() {
  if (text_.capacity() > 512)
    std::string{}.swap(text_);
  else
    text_.clear();
  std::string{}.swap(tail_);
  spooled_.clear();
  contents_.clear();
  spooled_octets_ = {};
}

}  // namespace pennypost::imap
