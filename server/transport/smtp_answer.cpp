// Reading of answer lines (RFC 5321 4.2, RFC 2034). Pure; whatever makes no sense is no answer, and an enhanced code of
// another class than the reply code is text.
#include "server/transport/smtp_answer.h"

#include "server/base/text.h"

namespace pennypost::transport {
namespace {

std::optional<int> take_number(std::string_view& text) {
  std::size_t digits = 0;
  int value = 0;
  while (digits < text.size() && digits < 4 && is_digit(text[digits])) value = value * 10 + (text[digits++] - '0');
  if (digits == 0 || digits == 4) return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

}  // namespace

std::optional<AnswerLine> parse_answer_line(std::string_view line) {
  if (line.size() < 3 || !is_digit(line[0]) || !is_digit(line[1]) || !is_digit(line[2])) return std::nullopt;
  AnswerLine out;
  out.code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
  if (out.code < 200 || out.code > 599) return std::nullopt;
  if (line.size() == 3) return out;
  if (line[3] != ' ' && line[3] != '-' && line[3] != '\t') return std::nullopt;
  out.is_last = line[3] != '-';
  out.text = trim(line.substr(4));
  return out;
}

Enhanced take_enhanced(int code, std::string_view& text) {
  std::string_view rest = text;
  const auto klass = take_number(rest);
  if (!klass || *klass != code / 100 || *klass == 3 || rest.empty() || rest.front() != '.') return {};
  rest.remove_prefix(1);
  const auto subject = take_number(rest);
  if (!subject || rest.empty() || rest.front() != '.') return {};
  rest.remove_prefix(1);
  const auto detail = take_number(rest);
  if (!detail || (!rest.empty() && !is_blank(rest.front()))) return {};
  text = trim_left(rest);
  return {*klass, *subject, *detail};
}

std::string in_words(const SmtpReply& reply) {
  constexpr std::size_t kMost = 1000;
  std::string text = reply.code == 0 ? std::string{} : reply.line();
  if (reply.code == 0) {
    for (const char c : reply.text) text += c >= 0x20 && c < 0x7f ? c : '?';
  }
  if (text.size() > kMost) text.resize(kMost);
  return text;
}

}  // namespace pennypost::transport
