// ENVELOPE, BODYSTRUCTURE and BODY of a message (RFC 3501 7.4.2, RFC 9051 7.5.2).
// Built from the part tree and one pass over each header. Levels are bounded by the parser (kMimeDepth), so recursion
// is too. Whatever the message holds, parentheses are balanced and every string is a legal IMAP string.
#include "server/message/structure.h"

#include <algorithm>

#include "server/message/address.h"
#include "server/message/charset.h"
#include "server/message/header.h"

namespace pennypost::message {
namespace {

constexpr std::size_t kLongestQuoted = 1000;  // longer strings go as literals: some clients have short line buffers

enum class Form : std::uint8_t { basic, extended };

void append_unfolded(std::string& out, std::string_view raw) {
  const std::string value = unfold(raw.substr(0, kHeaderValue.most.size()));
  if (value.empty()) {
    out += "NIL";
  } else {
    append_string(out, value);
  }
}

void append_name(std::string& out, const std::string& name) {
  if (name.empty()) {
    out += "NIL";
  } else {
    append_string(out, name);
  }
}

void append_address(std::string& out, const Address& address) {
  out += '(';
  append_name(out, address.name);
  out += ' ';
  append_name(out, address.route);
  out += ' ';
  append_string(out, address.local);
  out += ' ';
  append_string(out, address.domain);
  out += ')';
}

/// The addresses of one or more fields without the parentheses around them; empty when there is none.
void append_addresses(std::string& out, std::string_view value) {
  if (out.size() > kHeaderValue.most.size()) return;  // thousands of To fields
  for (const AddressOrGroup& entry : addresses(value)) {
    if (const Address* address = std::get_if<Address>(&entry)) {
      append_address(out, *address);
      continue;
    }
    const Group& group = std::get<Group>(entry);
    out += "(NIL NIL ";
    append_string(out, group.name);
    out += " NIL)";
    for (const Address& member : group.members) append_address(out, member);
    out += "(NIL NIL NIL NIL)";
  }
}

void append_list(std::string& out, const std::string& list) {
  out += ' ';
  if (list.empty()) {
    out += "NIL";
  } else {
    out.append("(").append(list).append(")");
  }
}

void append_envelope(std::string& out, std::string_view header) {
  std::string_view date;
  std::string_view subject;
  std::string_view in_reply_to;
  std::string_view message_id;
  std::string from;
  std::string sender;
  std::string reply_to;
  std::string to;
  std::string cc;
  std::string bcc;
  const auto first = [](std::string_view& place, const Field& field) {
    if (place.data() == nullptr) place = field.value;
  };
  for (const Field& field : Fields{header}) {
    switch (field.name.size()) {
      case 2:
        if (field.is("to")) append_addresses(to, field.value);
        if (field.is("cc")) append_addresses(cc, field.value);
        break;
      case 3:
        if (field.is("bcc")) append_addresses(bcc, field.value);
        break;
      case 4:
        if (field.is("date")) first(date, field);
        if (field.is("from")) append_addresses(from, field.value);
        break;
      case 6:
        if (field.is("sender")) append_addresses(sender, field.value);
        break;
      case 7:
        if (field.is("subject")) first(subject, field);
        break;
      case 8:
        if (field.is("reply-to")) append_addresses(reply_to, field.value);
        break;
      case 10:
        if (field.is("message-id")) first(message_id, field);
        break;
      case 11:
        if (field.is("in-reply-to")) first(in_reply_to, field);
        break;
      default:
        break;
    }
  }
  out += '(';
  append_unfolded(out, date);
  out += ' ';
  append_unfolded(out, subject);
  append_list(out, from);
  append_list(out, sender.empty() ? from : sender);
  append_list(out, reply_to.empty() ? from : reply_to);
  append_list(out, to);
  append_list(out, cc);
  append_list(out, bcc);
  out += ' ';
  append_unfolded(out, in_reply_to);
  out += ' ';
  append_unfolded(out, message_id);
  out += ')';
}

/// ("name" "value" ...) or NIL. A text part without charset gets the default of RFC 2045 5.2.
void append_parameters(std::string& out, const Parameters& parameters, bool default_charset) {
  const bool add_charset = default_charset && !raw_parameter(parameters, "charset");
  if (parameters.empty() && !add_charset) {
    out += "NIL";
    return;
  }
  out += '(';
  for (const Parameter& parameter : parameters) {
    if (out.back() != '(') out += ' ';
    append_string(out, parameter.extended ? parameter.name + "*" : parameter.name);
    out += ' ';
    append_string(out, parameter.value);
  }
  if (add_charset) out += out.back() == '(' ? "\"charset\" \"us-ascii\"" : " \"charset\" \"us-ascii\"";
  out += ')';
}

void append_disposition(std::string& out, std::string_view raw) {
  const auto disposition = parse_disposition(raw);
  if (!disposition) {
    out += "NIL";
    return;
  }
  out += '(';
  append_string(out, disposition->value);
  out += ' ';
  append_parameters(out, disposition->parameters, false);
  out += ')';
}

/// "de, en" as ("de" "en"), one language as a string.
void append_languages(std::string& out, std::string_view raw) {
  const std::string value = unfold(raw.substr(0, kHeaderValue.most.size()));
  std::vector<std::string_view> languages;
  for (std::size_t i = 0; i < value.size();) {
    const std::size_t begin = value.find_first_not_of(", \t", i);
    if (begin == std::string::npos) break;
    i = std::min(value.find_first_of(", \t", begin), value.size());
    languages.push_back(std::string_view{value}.substr(begin, i - begin));
  }
  if (languages.empty()) {
    out += "NIL";
  } else if (languages.size() == 1) {
    append_string(out, languages[0]);
  } else {
    out += '(';
    for (const std::string_view language : languages) {
      if (out.back() != '(') out += ' ';
      append_string(out, language);
    }
    out += ')';
  }
}

class StructureWriter {
 public:
  StructureWriter(const Message& message, Form form, std::string& out) : message_{message}, form_{form}, out_{out} {}

  void part(std::uint32_t index) {
    out_ += '(';
    if (message_.tree.parts[index].kind == PartKind::multipart) {
      multipart(index);
    } else {
      single(index);
    }
    out_ += ')';
  }

 private:
  void multipart(std::uint32_t index) {
    const Part& about = message_.parts[index];
    const auto& parts = message_.tree.parts;
    for (std::uint32_t child = index + 1; child < parts[index].after; child = parts[child].after) part(child);
    out_ += ' ';
    append_string(out_, about.type.subtype);
    if (form_ == Form::basic) return;
    out_ += ' ';
    append_parameters(out_, about.type.parameters, false);
    disposition_language_location(about);
  }

  void single(std::uint32_t index) {
    const Part& about = message_.parts[index];
    const PartRange& range = message_.tree.parts[index];
    const bool text = !about.opaque && about.type.is("text");
    append_string(out_, about.opaque ? "application" : about.type.type);
    out_ += ' ';
    append_string(out_, about.opaque ? "octet-stream" : about.type.subtype);
    out_ += ' ';
    append_parameters(out_, about.type.parameters, text);
    out_ += ' ';
    append_unfolded(out_, about.id);
    out_ += ' ';
    append_unfolded(out_, about.description);
    out_ += ' ';
    const std::string encoding = unfold(about.encoding.substr(0, kHeaderValue.most.size()));
    append_string(out_, encoding.empty() ? "7bit" : encoding.substr(0, encoding.find_first_of("; \t(")));
    out_ += ' ' + std::to_string(range.body().size());
    if (range.kind == PartKind::embedded) {
      out_ += ' ';
      append_envelope(out_, message_.header(index + 1));
      out_ += ' ';
      part(index + 1);
    }
    if (text || range.kind == PartKind::embedded) out_ += ' ' + std::to_string(range.lines);
    if (form_ == Form::basic) return;
    out_ += ' ';
    append_unfolded(out_, about.md5);
    disposition_language_location(about);
  }

  void disposition_language_location(const Part& about) {
    out_ += ' ';
    append_disposition(out_, about.disposition);
    out_ += ' ';
    append_languages(out_, about.language);
    out_ += ' ';
    append_unfolded(out_, about.location);
  }

  const Message& message_;
  Form form_;
  std::string& out_;
};

/// Copies BODYSTRUCTURE values without their extension data. `good` turns false at anything unexpected.
class BasicForm {
 public:
  explicit BasicForm(std::string_view in) : in_{in} {}

  std::string run() {
    body(0);
    return good_ && at_ == in_.size() ? std::move(out_) : std::string{in_};
  }

 private:
  void body(int depth) {
    if (!good_ || depth > kMimeDepth.most * 2 || !take('(')) {
      good_ = false;
      return;
    }
    out_ += '(';
    if (here() == '(') {
      while (good_ && here() == '(') body(depth + 1);
      space();
      value();  // subtype
    } else {
      const std::size_t begin = at_;
      value();
      const bool text = is_string("text", begin, at_);
      const bool message = is_string("message", begin, at_);
      space();
      const std::size_t subtype = at_;
      value();
      const bool embedded = message && (is_string("rfc822", subtype, at_) || is_string("global", subtype, at_));
      for (int i = 0; i < 5; ++i) {  // parameters, id, description, encoding, octets
        space();
        value();
      }
      if (embedded) {
        space();
        value();  // envelope
        space();
        body(depth + 1);
      }
      if (text || embedded) {
        space();
        value();  // lines
      }
    }
    out_ += ')';
    skip_to_end();
  }

  char here() const { return at_ < in_.size() ? in_[at_] : '\0'; }

  bool take(char c) {
    if (here() != c) return false;
    ++at_;
    return true;
  }

  void space() {
    good_ = good_ && take(' ');
    out_ += ' ';
  }

  bool is_string(std::string_view word, std::size_t begin, std::size_t end) const {
    return end - begin == word.size() + 2 && same_word(in_.substr(begin + 1, word.size()), word);
  }

  /// One string, number, NIL or parenthesized list, copied.
  void value() {
    const std::size_t begin = at_;
    skip_value();
    if (good_) out_.append(in_, begin, at_ - begin);
  }

  void skip_value() {
    int depth = 0;
    do {
      if (at_ >= in_.size()) {
        good_ = false;
        return;
      }
      const char c = in_[at_];
      if (c == '(') {
        ++depth;
        ++at_;
      } else if (c == ')') {
        --depth;
        ++at_;
      } else if (c == '"') {
        for (++at_; at_ < in_.size() && in_[at_] != '"'; ++at_) at_ += in_[at_] == '\\' ? 1 : 0;
        ++at_;
      } else if (c == '{') {
        std::size_t octets = 0;
        for (++at_; here() >= '0' && here() <= '9' && octets < in_.size(); ++at_)
          octets = octets * 10 + static_cast<std::size_t>(here() - '0');
        at_ += 3 + octets;  // "}" CR LF
      } else if (c == ' ' && depth > 0) {
        ++at_;
      } else {
        const std::size_t begin = at_;
        while (at_ < in_.size() && in_[at_] != ' ' && in_[at_] != '(' && in_[at_] != ')') ++at_;
        good_ = good_ && at_ > begin;
      }
    } while (good_ && depth > 0);
    good_ = good_ && depth == 0 && at_ <= in_.size();
  }

  void skip_to_end() {
    while (good_ && here() == ' ') {
      ++at_;
      skip_value();
    }
    good_ = good_ && take(')');
  }

  std::string_view in_;
  std::string out_;
  std::size_t at_ = 0;
  bool good_ = true;
};

}  // namespace

void append_string(std::string& out, std::string_view text) {
  const bool quotable = text.size() <= kLongestQuoted && std::ranges::all_of(text, [](char c) {
                          return (c >= 32 && c < 127) || c == '\t' || c == '\0';
                        });
  if (quotable) {
    out += '"';
    for (const char c : text) {
      if (c == '"' || c == '\\') out += '\\';
      if (c != '\0') out += c;
    }
    out += '"';
    return;
  }
  const auto nuls = static_cast<std::size_t>(std::ranges::count(text, '\0'));
  out.append("{").append(std::to_string(text.size() - nuls)).append("}\r\n");
  std::ranges::copy_if(text, std::back_inserter(out), [](char c) { return c != '\0'; });
}

std::string envelope(const Message& message) {
  std::string out;
  out.reserve(1024);
  append_envelope(out, message.header());
  return out;
}

std::string bodystructure(const Message& message) {
  std::string out;
  StructureWriter{message, Form::extended, out}.part(0);
  return out;
}

std::string body(const Message& message) {
  std::string out;
  StructureWriter{message, Form::basic, out}.part(0);
  return out;
}

std::string body_of_bodystructure(std::string_view bodystructure) { return BasicForm{bodystructure}.run(); }

}  // namespace pennypost::message
