// The reading of DNS messages (RFC 1035 4, RFC 2308, 2782, 3596). Needs nothing. Octets that are no message are an
// error; a record that does not fit its type is left out, the others hold. Compression pointers may only point
// backwards, each further than the one before, so that no message can send the reader in circles.
#include "server/dns/records.h"

#include <algorithm>
#include <array>
#include <limits>

#include "server/base/text.h"

namespace pennypost::dns {
namespace {

constexpr std::size_t kLongestName = 255;  // octets on the wire, RFC 1035 2.3.4
constexpr int kLongestChain = 16;          // CNAMEs followed

struct Word {
  const char* word;
  Type type;
};
constexpr std::array kWords = {Word{"A", Type::a},      Word{"NS", Type::ns},     Word{"CNAME", Type::cname},
                               Word{"SOA", Type::soa},  Word{"PTR", Type::ptr},   Word{"MX", Type::mx},
                               Word{"TXT", Type::txt},  Word{"AAAA", Type::aaaa}, Word{"SRV", Type::srv},
                               Word{"TLSA", Type::tlsa}};

// A place in the message; after a step past the end nothing more is read and `failed` says so.
class Reader {
 public:
  Reader(std::string_view message, std::size_t at, std::size_t end) : message_{message}, at_{at}, end_{end} {}

  std::uint8_t octet() {
    if (at_ >= end_) {
      failed_ = true;
      return 0;
    }
    return static_cast<std::uint8_t>(message_[at_++]);
  }
  std::uint16_t two() {
    const int high = octet();
    return static_cast<std::uint16_t>(high << 8 | octet());
  }
  std::uint32_t four() {
    const std::uint32_t high = two();
    return high << 16 | two();
  }
  std::string_view octets(std::size_t count) {
    if (count > end_ - at_) {
      failed_ = true;
      return {};
    }
    const std::string_view out = message_.substr(at_, count);
    at_ += count;
    return out;
  }
  std::string name();
  Reader part(std::size_t size) {
    const Reader inner{message_, at_, at_ + std::min(size, end_ - at_)};
    octets(size);
    return inner;
  }
  bool failed() const { return failed_; }
  bool at_end() const { return at_ == end_; }

 private:
  std::string_view message_;
  std::size_t at_;
  std::size_t end_;
  bool failed_ = false;
};

// Without the final dot. Dots, backslashes and what cannot be printed are escaped inside a label, so that the text
// cannot be taken for another name.
std::string Reader::name() {
  std::string out;
  std::size_t on_the_wire = 1;
  std::size_t place = at_;
  std::size_t before = at_;  // pointers must lead below it
  bool jumped = false;
  for (;;) {
    const std::size_t end = jumped ? message_.size() : end_;
    if (place >= end) break;
    const auto length = static_cast<std::uint8_t>(message_[place++]);
    if (length == 0) {
      if (!jumped) at_ = place;
      return out;
    }
    if (length >= 0xC0) {
      if (place >= end) break;
      const std::size_t target =
          static_cast<std::size_t>(length & 0x3F) << 8 | static_cast<std::uint8_t>(message_[place++]);
      if (!jumped) at_ = place;
      if (target >= before) break;
      jumped = true;
      before = place = target;
      continue;
    }
    on_the_wire += length + 1U;
    if (length > 63 || on_the_wire > kLongestName || length > end - place) break;
    if (!out.empty()) out += '.';
    for (const char c : message_.substr(place, length)) {
      if (c == '.' || c == '\\') {
        out += '\\';
        out += c;
      } else if (c <= ' ' || is_control(c) || !is_ascii(c)) {
        const std::string code = std::to_string(static_cast<unsigned char>(c));
        out += '\\' + std::string(3 - code.size(), '0') + code;
      } else {
        out += c;
      }
    }
    place += length;
  }
  failed_ = true;
  return {};
}

std::string address_text(std::string_view octets) {
  return Poco::Net::IPAddress{octets.data(), static_cast<poco_socklen_t>(octets.size())}.toString();
}

struct Soa {
  Seconds minimum{0};
};

// False when the data does not fit the type: the record is left out.
bool read_data(Reader data, Record& record, Soa& soa) {
  switch (record.type) {
    case Type::a:
      record.data = data.octets(4);
      break;
    case Type::aaaa:
      record.data = data.octets(16);
      break;
    case Type::ns:
    case Type::cname:
    case Type::ptr:
      record.data = data.name();
      break;
    case Type::mx:
      record.priority = data.two();
      record.data = data.name();
      break;
    case Type::srv:
      record.priority = data.two();
      record.weight = data.two();
      record.port = data.two();
      record.data = data.name();
      break;
    case Type::txt:
      while (!data.at_end() && !data.failed()) record.data += data.octets(data.octet());
      break;
    case Type::soa:
      record.data = data.name();
      data.name();
      data.octets(16);
      soa.minimum = Seconds{data.four()};
      break;
    case Type::tlsa:
      while (!data.at_end()) record.data += data.octets(1);
      break;
    default:
      return false;
  }
  if (data.failed() || !data.at_end()) return false;
  if (record.type == Type::a || record.type == Type::aaaa) record.data = address_text(record.data);
  return true;
}

struct Section {
  std::vector<Record> records;
  Soa soa;
};

Section read_section(Reader& in, int count) {
  Section section;
  for (int i = 0; i < count && !in.failed(); ++i) {
    Record record;
    record.name = in.name();
    record.type = static_cast<Type>(in.two());
    const std::uint16_t klass = in.two();
    const std::uint32_t ttl = in.four();
    record.ttl = Seconds{ttl > std::numeric_limits<std::int32_t>::max() ? 0 : ttl};  // RFC 2181 8
    const std::uint16_t size = in.two();
    const Reader data = in.part(size);
    if (in.failed()) break;
    if (klass == 1 && read_data(data, record, section.soa)) section.records.push_back(std::move(record));
  }
  return section;
}

}  // namespace

std::string word(Type type) {
  const auto found = std::ranges::find(kWords, type, &Word::type);
  return found != kWords.end() ? found->word : "TYPE" + std::to_string(static_cast<int>(type));
}

std::optional<Type> type_of(std::string_view name) {
  const auto found = std::ranges::find_if(kWords, [&](const Word& w) { return same_word(w.word, name); });
  return found != kWords.end() ? std::optional{found->type} : std::nullopt;
}

Result<Answer> read_answer(std::string_view message, std::string_view name, Type type) {
  const auto bad = [&] { return error(Kind::bad_input, "the answer for " + printable(name) + " is no DNS message"); };
  Reader in{message, 0, message.size()};
  in.two();
  const std::uint16_t flags = in.two();
  const int questions = in.two();
  const int answers = in.two();
  const int authorities = in.two();
  in.two();
  if (in.failed() || (flags & 0x8000) == 0) return bad();
  for (int i = 0; i < questions && !in.failed(); ++i) {
    in.name();
    in.four();
  }
  if (in.failed()) return bad();
  const int code = flags & 15;
  if (code != 0 && code != 3)
    return error(Kind::unavailable, "DNS: code " + std::to_string(code) + " for " + printable(name));
  const Section found = read_section(in, answers);
  if (in.failed()) return bad();
  const Section authority = read_section(in, authorities);

  Answer answer;
  answer.canonical = name;
  answer.name_exists = code == 0;
  answer.ttl = Seconds::max();
  for (int step = 0; step < kLongestChain && type != Type::cname; ++step) {
    const auto alias = std::ranges::find_if(
        found.records, [&](const Record& r) { return r.type == Type::cname && same_word(r.name, answer.canonical); });
    if (alias == found.records.end()) break;
    answer.canonical = alias->data;
    answer.ttl = std::min(answer.ttl, alias->ttl);
  }
  for (const Record& record : found.records) {
    if (record.type != type || !same_word(record.name, answer.canonical)) continue;
    answer.ttl = std::min(answer.ttl, record.ttl);
    answer.records.push_back(record);
  }
  if (answer.records.empty()) {
    Seconds negative{0};
    for (const Record& record : authority.records)
      if (record.type == Type::soa) negative = std::min(record.ttl, authority.soa.minimum);
    answer.ttl = std::min(answer.ttl, negative);
  }
  return answer;
}

}  // namespace pennypost::dns
