// A parsed message as the rule language sees it (ruleinterp/host.h).
#pragma once
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ruleinterp/host.h"
#include "server/message/parse.h"

namespace pennypost::filter {

/// Views of a message that is in memory; the message must live longer. Fields and texts are decoded when first asked
/// for. Containers (multipart) are no sections: the rule language counts what holds content (spec 10 section 6.23).
/// One thread.
class MailView final : public ruleinterp::Mail {
 public:
  explicit MailView(const message::Message& message) : message_{message} {}

  std::uint64_t size() const override { return message_.raw.size(); }
  std::string_view raw_header() const override;
  std::string_view raw_start(std::size_t most) const override { return message_.raw.substr(0, most); }
  std::span<const ruleinterp::HeaderField> fields() const override;
  std::span<const ruleinterp::Section> sections() const override;
  std::string_view content(std::size_t index, std::size_t most) const override;
  std::string_view text(std::size_t index) const override;
  std::vector<std::string> addresses(std::string_view field_name) const override;

 private:
  std::string_view keep(std::string text) const { return kept_.emplace_back(std::move(text)); }

  const message::Message& message_;
  mutable std::deque<std::string> kept_;
  mutable bool fields_made_ = false, sections_made_ = false;
  mutable std::vector<ruleinterp::HeaderField> fields_;
  mutable std::vector<ruleinterp::Section> sections_;
  mutable std::vector<std::uint32_t> parts_;  // of each section, its part
  mutable std::vector<std::optional<std::string_view>> texts_;
};

/// The addresses in To, Cc and Bcc, each once: the recipients of mail that has no envelope (spec 11 section 2.2).
std::vector<std::string> recipients_in_header(const ruleinterp::Mail& mail);

}  // namespace pennypost::filter
