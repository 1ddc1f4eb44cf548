// All that the rule language asks of the server: the mail it judges, its envelope, and the services behind statements
// such as DNS, DBInsert or AddWhiteList. Each service is an interface that may be missing: the statement then leaves
// its result empty and says so once in the warnings of the run.
//
// Threads: a Mail and an Envelope belong to one run. The services are called from many runs at once and must be safe
// for that. Every call that can wait gets a deadline and must be back by then. Nothing here may throw; a failure is an
// empty answer (spec 10 section 6, conventions).
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pennypost::ruleinterp {

using Deadline = std::chrono::steady_clock::time_point;

// --- The message -----------------------------------------------------------------------------------------------------

/// One header field, in the order of the message.
struct HeaderField {
  std::string_view name;     ///< as written, without the colon
  std::string_view raw;      ///< the value, unfolded (CR LF + white space = one space), without leading space
  std::string_view decoded;  ///< the same with encoded words (RFC 2047) turned into UTF-8
};

enum class Role {
  container,   ///< multipart/* or message/rfc822: has no text of its own here
  body,        ///< part of what the reader sees
  attachment,  ///< Content-Disposition: attachment, or a file by its type
  inlined,     ///< an image or file shown inside the body
};

/// One MIME section, in the order of the message; section number N of scripts is the N-th, from 1.
struct Section {
  std::string_view imap_id;   ///< "1.2"; the section ID of RFC 3501 6.4.5
  std::string_view type;      ///< "text/html", lower case
  std::string_view name;      ///< file name, decoded to UTF-8; empty when it has none
  std::string_view encoding;  ///< Content-Transfer-Encoding in lower case; "7bit" when the section names none
  std::uint64_t size = 0;     ///< octets as transferred
  std::uint64_t lines = 0;    ///< lines as transferred
  Role role = Role::body;
};

/// The message that is judged. Every view lives as long as the Mail; what is costly is made when first asked for.
class Mail {
 public:
  virtual ~Mail() = default;
  virtual std::uint64_t size() const = 0;                          ///< octets of the raw message
  virtual std::string_view raw_header() const = 0;                 ///< with its line ends, without the empty line
  virtual std::string_view raw_start(std::size_t most) const = 0;  ///< the first octets of the message as it came
  virtual std::span<const HeaderField> fields() const = 0;
  virtual std::span<const Section> sections() const = 0;
  /// Content of section `index` (from 0), transfer encoding removed; at most `most` octets.
  virtual std::string_view content(std::size_t index, std::size_t most) const = 0;
  /// The same of a text/* section, turned into UTF-8 by its charset. Line ends may be CR LF.
  virtual std::string_view text(std::size_t index) const = 0;
  /// The plain addresses ("a@b.example") in all fields of that name.
  virtual std::vector<std::string> addresses(std::string_view field_name) const = 0;
};

enum class Arrival { smtp, pop3, other };

/// What is known of the transaction. Fields that only SMTP knows are empty for other mail (spec 11 section 2.4).
struct Envelope {
  Arrival arrival = Arrival::smtp;
  std::string mail_from;                ///< without angle brackets; empty for the null sender
  std::vector<std::string> recipients;  ///< full addresses that the server knows
  std::string sender_ip;
  std::string auth_sender;
  bool any_invalid_recipients = false;
  std::string helo;
  std::string reverse_dns;
  std::string batv;  ///< "0", "1" or empty
  std::string spf_result;
  std::string dkim_result;
  std::string dmarc_result;
  std::string dmarc_disposition;
  std::string dmarc_domain;
};

// --- Services --------------------------------------------------------------------------------------------------------

struct DnsRecord {
  std::string name;    ///< owner, without a final dot
  std::string type;    ///< lower case: "mx"
  std::string data;    ///< address, host name without final dot, or text
  int preference = 0;  ///< of MX records
};

/// A look-up that is on its way.
class DnsLookup {
 public:
  virtual ~DnsLookup() = default;  ///< drops it
  /// Answer records, then authority records; empty when there are none, on failure, or at the deadline.
  virtual std::vector<DnsRecord> wait(Deadline until) = 0;
};

class Dns {
 public:
  virtual ~Dns() = default;
  /// Starts a look-up and returns at once. `type` is an upper case type name ("MX"), `name` an absolute name.
  virtual std::unique_ptr<DnsLookup> start(std::string_view type, std::string_view name) = 0;
  virtual std::string servers() const = 0;  ///< for ${DNSServers}
};

struct HttpRequest {
  std::string url;
  std::optional<std::string> form;  ///< a POST of this application/x-www-form-urlencoded text; none = GET
  bool system_proxy = false;        ///< WinHTTPGet
  std::size_t most = 1 << 20;       ///< octets of content to keep
};

struct HttpReply {
  std::string head;     ///< result line and header lines, separated by LF; empty when nobody answered
  std::string content;  ///< cut at `most`
};

class Http {
 public:
  virtual ~Http() = default;
  virtual HttpReply fetch(const HttpRequest& request, Deadline until) = 0;
};

enum class Insert { unique, multi };
enum class Update { set, add, subtract, append, upper, lower };
enum class Aggregate { max, min, maxnum, minnum, maxi, mini, count, sum, avg, first, last };

/// A database comparator of spec 10 section 4.4, taken apart.
struct Comparator {
  enum class Kind { equal, unequal, less, greater, less_or_equal, greater_or_equal, matches, matches_not, like };
  enum class As { number, text };  ///< number: both sides as numbers
  Kind kind = Kind::equal;
  As as = As::text;
  bool ignores_case = false;
};

/// The spam filter database: rows of (component, key, value, created, updated), all texts (spec 10 section 6.15).
class SpamDatabase {
 public:
  virtual ~SpamDatabase() = default;
  virtual void insert(Insert how, std::string_view component, std::string_view key, std::string_view value) = 0;
  virtual void update(std::string_view component, std::string_view key, Update how, std::string_view value) = 0;
  /// Whether the text is an INTERVAL that `query` understands.
  virtual bool is_interval(std::string_view text) = 0;
  /// One value over the records whose key compares; `interval` is a PostgreSQL INTERVAL or empty. None = no record.
  virtual std::optional<std::string> query(std::string_view component, Aggregate type, Comparator comparator,
                                           std::string_view key, std::string_view interval) = 0;
};

enum class Verdict { ham, spam };

class Bayes {
 public:
  virtual ~Bayes() = default;
  virtual double probability(const Mail& mail) = 0;  ///< percent: 0 = ham ... 100 = spam; 50 with nothing learned
  virtual std::uint64_t size() = 0;                  ///< messages learned
  virtual void learn(const Mail& mail, Verdict as) = 0;
  virtual void unlearn(const Mail& mail, Verdict as) = 0;
};

enum class List { white, black };

/// Whose words an entry of a list is made of.
enum class Origin {
  script,  ///< it stands in the script as it is: an administrator wrote it, and it may be a pattern
  mail,    ///< of variables, which hold what strangers wrote
};

class AddressLists {
 public:
  virtual ~AddressLists() = default;
  /// Whether an entry (address, wildcard or /expression/) matches the address.
  virtual bool contains(List list, std::string_view address) = 0;
  /// Marked as added by the filter; no duplicates. Of Origin::mail it must be an address and never becomes a pattern.
  virtual void add(List list, std::string_view entry, Origin origin) = 0;
};

class Directory {
 public:
  virtual ~Directory() = default;
  /// The code of spec 10 section 6.24 ("User", "Remote", ...), spelled as there.
  virtual std::string address_type(std::string_view address) = 0;
  virtual std::vector<std::string> groups_of(std::string_view user) = 0;
};

class GeoIp {
 public:
  virtual ~GeoIp() = default;
  virtual std::string country(std::string_view ip) = 0;  ///< ISO code in upper case; empty when unknown or private
};

/// What the administrator set: weights by rule and script settings (spec 11 sections 3.2, 4). Names ignore case.
class Choices {
 public:
  virtual ~Choices() = default;
  virtual std::optional<std::vector<double>> weights(std::string_view rule) = 0;
  virtual std::optional<std::string> setting(std::string_view name) = 0;
};

/// The services of one installation; all live longer than any run. A null pointer: that service is not there.
struct Host {
  Dns* dns = nullptr;
  Http* http = nullptr;
  SpamDatabase* database = nullptr;
  Bayes* bayes = nullptr;
  AddressLists* lists = nullptr;
  Directory* directory = nullptr;
  GeoIp* geoip = nullptr;
  Choices* choices = nullptr;
  std::string version = "8.6";  ///< for ${VPOP3Version}: whose rule language is understood (spec 10 section 5)
  std::string build = "8600";   ///< for ${VPOP3Build}: above every build that scripts ask for
  /// The present time; tests set it, the server leaves it alone.
  std::chrono::system_clock::time_point (*now)() = [] { return std::chrono::system_clock::now(); };
};

}  // namespace pennypost::ruleinterp
