// Messages for measurements and the folders that hold them. The text is made of words by a fixed rule: the same run
// after run, no two messages alike, with words that are rare and words that are common, as an index would meet them.
#include <array>
#include <atomic>

#include <fmt/format.h>
#include <unistd.h>

#include "conformance/load/drivers.h"

namespace pennypost::load {
namespace {

constexpr std::array kSyllables{"ba", "ter", "lin", "mo", "ke", "stra", "vi",  "no",
                                "ul", "sen", "po",  "ri", "da", "gel",  "wun", "ta"};

std::string word_of(std::uint32_t number) {
  std::string out;
  for (int i = 0; i < 3; ++i) {
    out += kSyllables[number % kSyllables.size()];
    number /= static_cast<std::uint32_t>(kSyllables.size());
  }
  return out;
}

}  // namespace

std::string sample_message(int number, int size) {
  std::string out = fmt::format(
      "Date: Mon, 5 Feb 2024 10:00:00 +0000\r\nFrom: Sender {0} <sender{0}@remote.example>\r\n"
      "To: Reader <reader@example.test>\r\nSubject: Sample message number {0}\r\nMessage-ID: "
      "<sample.{0}@remote.example>\r\n"
      "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n",
      number);
  if (number % 100 == 0) out += "needle\r\n";
  std::uint32_t state = static_cast<std::uint32_t>(number) * 2'654'435'761U + 1;
  std::size_t line = out.size();
  while (out.size() + 2 < static_cast<std::size_t>(size)) {
    state = state * 1'664'525U + 1'013'904'223U;
    out += word_of(state >> 16);
    if (out.size() - line > 68) {
      out += "\r\n";
      line = out.size();
    } else {
      out += ' ';
    }
  }
  return out + "\r\n";
}

std::string fresh_folder(const Plan& plan) {
  static std::atomic<int> next{0};
  auto folder = fmt::format("Load-{}-{}", ::getpid(), ++next);
  ImapClient client{plan.imap, plan.users[0].name, plan.users[0].password};
  client.run("CREATE " + folder);
  client.append(folder, plan.messages, [&plan](int number) { return sample_message(number, plan.size); });
  return folder;
}

}  // namespace pennypost::load
