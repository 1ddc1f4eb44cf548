// Statements on one MIME section (spec 10 sections 5, 6.25, 6.29): its content, digest, encoding, and what a zip file
// in it holds. A section is named by its number or its IMAP4 section ID; one that does not exist gives an empty text.
#include <algorithm>

#include <fmt/format.h>

#include "ruleinterp/statements/digest.h"
#include "ruleinterp/statements/families.h"
#include "ruleinterp/statements/zip.h"
#include "ruleinterp/text.h"

namespace pennypost::ruleinterp::families {
namespace {

constexpr std::size_t kMostContent = 1024 * 1024;         // what a script gets to see
constexpr std::size_t kMostToDigest = 256 * 1024 * 1024;  // more than any message that is accepted
constexpr std::size_t kMostZip = 64 * 1024 * 1024;

// Index of the section that parameter `index` names.
std::optional<std::size_t> section_of(Run& run, const Instruction& i, std::size_t index) {
  const std::string_view name = trim(run.text(i, index));
  const auto sections = run.mail().sections();
  const bool digits =
      !name.empty() && name.size() < 8 && std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
  if (digits) {
    const auto number = static_cast<std::size_t>(leading_number(name));
    if (number >= 1 && number <= sections.size()) return number - 1;
  }
  for (std::size_t at = 0; at < sections.size(); ++at)
    if (!name.empty() && sections[at].imap_id == name) return at;
  return {};
}

std::vector<ZipEntry> zip_of(Run& run, const Instruction& i) {
  const auto section = section_of(run, i, 0);
  return section ? zip_entries(run.mail().content(*section, kMostZip)) : std::vector<ZipEntry>{};
}

// A name on one line of a list.
std::string listed(std::string_view name) {
  std::string out{name};
  for (char& c : out)
    if (static_cast<unsigned char>(c) < ' ') c = '?';
  return out;
}

}  // namespace

Flow run_get_decoded_section(Run& run, const Instruction& i) {
  std::string content;
  if (const auto section = section_of(run, i, 0)) {
    content = run.mail().content(*section, kMostContent + 1);
    if (content.size() > kMostContent) {
      content.resize(kMostContent);
      run.warn(fmt::format("the section is cut to {} octets", kMostContent));
    }
    std::ranges::replace(content, '\0', ' ');
  }
  run.set(Run::variable(i, 1), content);
  return Flow::next;
}

Flow run_get_section_md5(Run& run, const Instruction& i) {
  const auto section = section_of(run, i, 0);
  run.set(Run::variable(i, 1), section ? md5_hex(run.mail().content(*section, kMostToDigest)) : std::string{});
  return Flow::next;
}

Flow run_get_section_encoding(Run& run, const Instruction& i) {
  const auto section = section_of(run, i, 0);
  run.set(Run::variable(i, 1), section ? run.mail().sections()[*section].encoding : std::string_view{});
  return Flow::next;
}

Flow run_zip_count(Run& run, const Instruction& i) {
  run.set(Run::variable(i, 1), static_cast<double>(zip_of(run, i).size()));
  return Flow::next;
}

Flow run_zip_contents(Run& run, const Instruction& i) {
  std::string names;
  for (const ZipEntry& entry : zip_of(run, i)) {
    if (!names.empty()) names += '\n';
    names += listed(entry.path.substr(entry.path.find_last_of("/\\") + 1));
  }
  run.set(Run::variable(i, 1), names);
  return Flow::next;
}

Flow run_zip_contents_full(Run& run, const Instruction& i) {
  std::string names;
  for (const ZipEntry& entry : zip_of(run, i)) {
    if (!names.empty()) names += '\n';
    names += fmt::format("{}:{}", entry.size, listed(entry.path));
  }
  run.set(Run::variable(i, 1), names);
  return Flow::next;
}

}  // namespace pennypost::ruleinterp::families
