// The pages of the statements in docs/rules.md and in the hover of editors (spec 10 section 6, 11 section 1). Text
// only.
#include "ruleinterp/tools/manual_pages.h"

#include <algorithm>
#include <array>

#include "ruleinterp/text.h"

namespace pennypost::ruleinterp {
namespace {

constexpr auto kPages = std::to_array<ManualPage>({
    {"AddBag",
     "The bag is made when it is not there yet. `unique` compares octet by octet: `a` and `A` are two values. The name "
     "of a bag may hold `${...}`.",
     R"(ForEach Recipient r
  AddBag unique people ${r}
EndFor
)"},
    {"AddBayesHam",
     "Learning the same message twice counts twice. To correct a wrong lesson, take it out of the other side with "
     "`RemoveBayesSpam` as well.",
     R"(If ${Score} <= -100
  AddBayesHam
EndIf
)"},
    {"AddBayesSpam", "The opposite is `RemoveBayesSpam`; see `AddBayesHam`.",
     R"(If ${Score} >= 500
  AddBayesSpam
EndIf
)"},
    {"AddBlackList",
     "An entry that is there already is not added again; an empty address and `<>` never are. A pattern "
     "(`*@x.example`) "
     "is added when it stands in the script as it is, never out of a variable.",
     R"(AddBlackList ${MailFrom}
)"},
    {"AddHeader",
     "The text is a whole header line. The change is made after the script; selectors and `${Subject}` go on seeing "
     "the "
     "message as it came, and of two changes of one field the later wins.\n\n"
     "| form | effect |\n|---|---|\n"
     "| `Name: value` | replaces the value; a field that is not there is added at the end of the header |\n"
     "| `Name:` | removes the field |\n"
     "| `-Name: value` | adds a line at the start, whatever is there |\n"
     "| `+Name: value` | adds a line at the end |\n"
     "| `{user}Name: value`, `-{user}...`, `+{user}...` | only in the copy for the mailbox of that user |\n"
     "| `#Name: expression` | removes each field of that name whose value matches the PCRE expression, written without "
     "slashes |\n\n"
     "Line breaks in the value become spaces; text outside ASCII is encoded. Do not use the plain form for fields that "
     "occur several times, such as `Received`.",
     R"(AddHeader "Subject: {spam?} ${Subject}"
AddHeader "X-Old-Tag:"
AddHeader "+{mary}X-Only-For: mary"
AddHeader "#X-Priority: ^[12]$"
)"},
    {"AddNullAddress",
     "For pseudo addresses that only the script evaluates, such as those to which users forward missed spam. A local "
     "part alone is valid in all local domains. Lines outside of blocks and without variables are registered when the "
     "script is loaded, so that the SMTP server accepts the address.",
     R"(AddNullAddress "learn-spam"
ForEach Recipient r
  IfMatch ${r} "/^learn-spam@/i"
    RemoveBayesHam
    AddBayesSpam
    Stop
  EndIf
EndFor
)"},
    {"AddWhiteList",
     "The entry is marked as added automatically. An empty address and `<>` are never added. A pattern (`*@x.example`) "
     "is "
     "added when it stands in the script as it is, never out of a variable: that may hold what a stranger wrote.",
     R"(ForEach Addr Reply-To a
  AddWhiteList ${a}
EndFor
)"},
    {"Break", "The loop's variable keeps its last value. Outside of a loop it is an error.",
     R"(ForEach Recipient r
  IfMatch ${r} "/^sales@/i"
    ${toSales} = 1
    Break
  EndIf
EndFor
)"},
    {"BulkScan",
     "Between `BulkScan` and `EndBulkScan` stands one test a line: data, search, and the number that is added when the "
     "search matches. A line counts once, however often it matches. A rule in brackets behind `BulkScan` multiplies "
     "every number by its weight and is listed when a line matched. Only such lines, comments and `Include` may stand "
     "in the block. Data and search are those of `IfMatch`; a text with spaces needs quotes. Numbers may be negative.",
     R"(DefineRule "OwnWords" 1 "Words that only our spam contains"
BulkScan Score [OwnWords]
  Subject /\bfree\s+toner\b/i 60
  AnyText "act before midnight" 40
  X-Mailer /^MassBlaster/ 80
  To "old.alias@example.org" 25
EndBulkScan
)"},
    {"ClearBag", "", "ClearBag seen\n"},
    {"Convert",
     "| method | result |\n|---|---|\n"
     "| `Base64`, `DeBase64` | to base64 in one line, and back: what is no base64 is skipped, null octets become "
     "spaces "
     "|\n"
     "| `UrlEncode` | letters, digits and `-_.` stay, a space becomes `+`, other octets `%XX` |\n"
     "| `Upper`, `Lower` | ASCII letters only |\n"
     "| `Char` | the octet of that code; 0 gives a space |\n"
     "| `Ord` | the code of the first octet; 0 for an empty text |\n\n"
     "The result may go into the variable that is read. `Convert 10 \"Char\" lf` is the way to a line feed.",
     R"(Convert "${MailFrom}" "Lower" from
Convert "a b&c" "UrlEncode" q
)"},
    {"Copy", "The other recipients stay. The copy is not filtered again.",
     R"(IfMatch attachment "/\.(exe|scr)$/i"
  Copy "security@example.org"
EndIf
)"},
    {"CopyBag",
     "`overwrite` makes the second bag equal to the first; `add` adds what it lacks; `subtract` takes every value of "
     "the "
     "first bag out of it, all copies of it.",
     R"(CopyBag overwrite recipients todo
CopyBag subtract handled todo
)"},
    {"CountMatches",
     "Matches do not overlap. With a selector of several parts the parts are added up. A search without slashes counts "
     "occurrences of the text.",
     R"(CountMatches htmlsource "/<img\b/i" images
If ${images} > 20
  ${Score} += 15
EndIf
)"},
    {"DBInsert",
     "Records are texts and stay when the message is done: other messages, and the same script tomorrow, see them. See "
     "[The database](#the-database).",
     R"(DBInsert multi helo ${SMTPHelo} ${SenderIP}
)"},
    {"DBQueryOne",
     "The comparator stands between each record's key and the one that is given. `max`, `min`: compared as texts; "
     "`maxnum`, `minnum`: as numbers; `maxi`, `mini`: without regard to case; `first`, `last`: by the time of making. "
     "A value that is no number counts as 0. Without a record the result is empty, 0 for `count` and `sum`. The "
     "variable `${_dbquerytime}` limits the query to records made or changed within a PostgreSQL INTERVAL such as "
     "`2 hours`.",
     R"(${_dbquerytime} = "2 hours"
DBQueryOne hits sum eq ${SenderIP} recent
If ${recent} > 50
  ${Score} += 30
EndIf
)"},
    {"DBUpdate",
     "All records of the key are changed; when there is none it is made, from 0 or an empty text. `upper` and `lower` "
     "store the given value in that case. One statement is one change: two messages at once both count.",
     R"(DBUpdate hits ${SenderIP} += 1
)"},
    {"DefineRule",
     "Several weights are banks: `${WeightBank}` 0 takes the first, 1 the second; beyond the last the last one counts. "
     "The line is read when the script is loaded, wherever it stands. See [Rules and weights](#rules-and-weights).",
     R"(DefineRule "BadTLD" 1 1.4 "Sender in a top level domain that we never deal with"
${Score} += 40 [BadTLD]
)"},
    {"DefineSetting",
     "The administrator finds the setting with its description among the script settings of the filter; until he gives "
     "it a value the default counts. The line is read when the script is loaded, wherever it stands.",
     R"(DefineSetting "MaxImages" 20 "Images from which an HTML message is suspicious"
If ${setting_MaxImages} < 1
  Log "images are not counted"
EndIf
)"},
    {"DNS",
     "The type is `A`, `AAAA`, `MX`, `NS`, `TXT`, `PTR`, `CNAME`, `SOA` or another that the resolver knows; it stands "
     "in lower case in the result. MX records come in the order of preference, which is not shown. `PTR` takes a host "
     "name or an address. No answer is an empty text. Search the result with `m`: `/^[^:]+:mx:(.+)$/m`.",
     R"(IfMatch From "/@([a-z0-9.-]+)/i"
  ${dom} = ${1}
  StartDNS MX ${dom}
  DNS MX ${dom} answer
  IfMatch ${answer} "/:mx:/"
    Log "${dom} receives mail"
  EndIf
EndIf
)"},
    {"DNSBL",
     "For an address its octets (nibbles of IPv6) are reversed before the zone, a host name goes as it is. Several "
     "answers stand one a line, the lowest first.",
     R"(DNSBL ${SenderIP} bl.example.net listed
IfMatch ${listed} "/^127\.0\.0\./"
  ${Score} += 50 [bl.example.net]
EndIf
)"},
    {"Else", "Belongs to the innermost open `If...`. There is no else-if: nest another `If` inside.", {}},
    {"EndBulkScan", "", {}},
    {"EndFor", "", {}},
    {"EndIf", "Required for every `If...`.", {}},
    {"Escape", "Works in place. Spaces stay. Use it on what a message brought before it becomes part of an expression.",
     R"(${who} = ${MailFrom}
Escape who
IfMatch To "/${who}/i"
  ${Score} += 10
EndIf
)"},
    {"ForEach",
     "[The types](#loop-types-of-foreach) `Addr` and `Bag` take one word more than the others. The items are fixed "
     "when the loop "
     "begins, so a bag may be changed inside its own loop. Loops nest; without items the body does not run.",
     R"(${links} = 0
ForEach URL u
  ${links} += 1
EndFor
If ${links} >= 10
  ${Score} += 50
EndIf
)"},
    {"GetAddressType",
     "One of `RemoteLANFwd`, `LocalLANFwd`, `Mapping`, `Special`, `List`, `ListOwner`, `User`, `UnknownMapping`, "
     "`UnknownLANFwd`, `Remote`, `Postmaster`, `Invalid` (local, but nobody), spelled so.",
     R"(ForEach Recipient r
  GetAddressType ${r} kind
  If ${kind} == "Invalid"
    ${Score} += 40
  EndIf
EndFor
)"},
    {"GetDecodedSection",
     "The section is its number in the order of `ForEach MimeSection`, or its IMAP id such as `1.2`. Null octets "
     "become "
     "spaces; at most 1 MiB is given. A section that is not there is empty.",
     R"(ForEach MimeSection s
  IfMatch ${s} "/^(\d+):[^:]*:text\/calendar:/"
    GetDecodedSection ${1} content
  EndIf
EndFor
)"},
    {"GetGeoIP", "Two letters in upper case, such as `NZ`. Needs a database of addresses on the server.",
     R"(GetGeoIP ${SenderIP} country
)"},
    {"GetMD5", "In lower case, over the octets of the text.", "GetMD5 \"${MailFrom}\" hash\n"},
    {"GetRFC822Date",
     "UTC, with the time of day as a fraction; 1 January 1970 is 134774. Compare it with `GetDateNow` or "
     "`${TimeNowDays}`. What is no date gives an empty text.",
     R"(IfMatch Date "/(.+)/"
  GetRFC822Date "${1}" sent
  ${age} = ${TimeNowDays}
  ${age} -= ${sent}
  If ${age} > 30
    ${Score} += 25
  EndIf
EndIf
)"},
    {"GetSectionEncoding", "In lower case, `7bit` when the section names none.", "GetSectionEncoding 1 encoding\n"},
    {"GetSectionMD5", "In lower-case hexadecimal. Finds an attachment again under any name.",
     "GetSectionMD5 2 fingerprint\n"},
    {"GetSHA1", "In lower case, over the octets of the text.", "GetSHA1 \"${MailFrom}\" hash\n"},
    {"GetUserGroup", "Empty for a user that does not exist.",
     R"(GetUserGroup "${AuthSender}" group
If ${group} = "Sales"
  Stop
EndIf
)"},
    {"GlobalMatch", "The bag is emptied first. Each item is a whole match, in the order of the text, copies included.",
     R"(GlobalMatch body "/\b[A-Z0-9]{16}\b/" codes
ForEach Bag codes c
  Log "code ${c}"
EndFor
)"},
    {"Goto",
     "The label is a line `:name`, before or behind, in any file of the script; names ignore case. A jump out of a "
     "loop "
     "ends the loop; a jump into one is an error, into an `If` block it is allowed.",
     R"(If ${Score} > 1000
  Goto finished
EndIf
${Score} += 1
:finished
)"},
    {"HTTPGet",
     "The first line of the headers is the result line. Redirects are followed, the content is cut at 1 MiB, and when "
     "nobody answers both variables are empty. Which addresses may be asked is a matter of the server's settings; "
     "`rules run` fetches nothing.",
     R"(HTTPGet "https://policy.example.net/list.txt" headers content
IfMatch ${headers} "/^HTTP\/\S+ 200/"
  Log "fetched"
EndIf
)"},
    {"HTTPGetMD5", "See `HTTPGet`. Empty when nobody answers.",
     R"(HTTPGetMD5 "https://policy.example.net/list.txt" headers hash
)"},
    {"HTTPPost",
     "The data is sent as `application/x-www-form-urlencoded` and as it is: encode values with `Convert ... "
     "UrlEncode`.",
     R"(Convert "${MailFrom}" "UrlEncode" f
HTTPPost "https://policy.example.net/check" "from=${f}&ip=${SenderIP}" headers reply
)"},
    {"If",
     "Two numbers compare as numbers, anything else octet by octet with regard to case. A space stands on each side of "
     "the comparison. Tests are not combined: nest them.",
     R"(If ${RcptCount} > 10
  If ${AuthSender} = ""
    ${Score} += 30
  EndIf
EndIf
)"},
    {"IfInBag",
     "Plain text is the whole value, with regard to case; a value with `*` or `?` is a wildcard without regard to "
     "case; "
     "`/.../` is an expression.",
     R"(AddBag multi trusted "joe@partner.example"
IfInBag trusted "*@partner.example"
  Stop
EndIf
)"},
    {"IfLocalAddress", "Holds for everything that `GetAddressType` does not call `Remote`.",
     R"(IfLocalAddress ${MailFrom}
  ${Score} += 35
EndIf
)"},
    {"IfMatch", "See [Searching](#searching) for data and search values.",
     R"(IfMatch Subject "/^\[spam\]\s*(.*)/i"
  ${rest} = ${1}
Else
  IfMatch attachment "invoice"
    ${Score} += 5
  EndIf
EndIf
)"},
    {"Log", "One line: line breaks become spaces. At most 4096 octets an entry and 10,000 entries a message.",
     R"(Log "from=${MailFrom} ip=${SenderIP} score=${Score}"
)"},
    {"Redirect", "`${RcptCount}` becomes 1. What is held in the quarantine then belongs to that user.",
     R"(If ${Score} >= 100
  Redirect "spamcatcher"
EndIf
)"},
    {"Reject",
     "The text begins with a code of 4xx (try again) or 5xx; without one the reply is `552`. The script ends and the "
     "message is stored nowhere. On mail that was collected from another server nothing happens and the script goes "
     "on.",
     R"(If ${Score} > 5000
  Reject "554 5.7.1 This message was classified as unwanted"
EndIf
)"},
    {"RemoveBag", "Compares octet by octet. Nothing happens when the bag does not hold the value.",
     R"(AddBag multi seen "x"
RemoveBag seen "x"
)"},
    {"RemoveBayesHam", "Counts never go below zero.", "RemoveBayesHam\n"},
    {"RemoveBayesSpam", "Counts never go below zero.", "RemoveBayesSpam\n"},
    {"Replace",
     "Plain text is found without regard to case, `/.../` is an expression. The replacement is taken as it is: `\\1` "
     "and `$1` have no meaning in it, and `${1}` is that of an earlier match.",
     R"(${s} = "red fish, red hat"
Replace s "red" "blue"
Replace s "/\s*,\s*/" ";"
)"},
    {"SendMessage",
     "One recipient. The options are not used; write `\"\"`. No filter looks at the message. At most 50 are sent for "
     "one "
     "message.",
     R"(SendMessage "security@example.org" "Blocked upload" "Sender: ${MailFrom}\nIP: ${SenderIP}\n" ""
)"},
    {"StartDNS",
     "Returns at once. A later `DNS` with the same words takes the answer and waits for it if need be: start all "
     "look-ups first, then read them.",
     R"(StartDNS TXT example.org
DNS TXT example.org text
)"},
    {"StartDNSBL", "See `StartDNS`.",
     R"(StartDNSBL ${SenderIP} bl.example.net
DNSBL ${SenderIP} bl.example.net listed
)"},
    {"StartSURBL", "See `StartDNS`.",
     R"(StartSURBL shop.example uri.example.net
SURBL shop.example uri.example.net listed
)"},
    {"Stop",
     "From inside a file that was included and from inside a loop too. The score and all changes so far stay. Not to "
     "be "
     "confused with `*STOP`, which ends the reading of a file.",
     R"(If ${AuthSender} <> ""
  Stop
EndIf
)"},
    {"SURBL", "The host name is asked for as it is given; an address has its octets reversed. See `DNSBL`.",
     R"(ForEach URL u
  IfMatch ${u} "/^https?:\/\/(?:[^\/@]*@)?([^\/:?#]+)/i"
    SURBL ${1} uri.example.net listed
    IfMatch ${listed} "/^127\./"
      ${Score} += 50 [surbl]
      Break
    EndIf
  EndIf
EndFor
)"},
    {"WinHTTPGet", "Like `HTTPGet`, but through the proxy of the system.",
     R"(WinHTTPGet "http://intranet.example.org/blocklist.txt" headers content
)"},
    {"ZipContents", "Names without their folders. Empty when the section is no zip file.", "ZipContents 2 names\n"},
    {"ZipContentsFull", "Sizes are those of the unpacked files, paths as in the archive.", "ZipContentsFull 2 files\n"},
    {"ZipCount", "Folders do not count; 0 when the section is no zip file.",
     R"(ForEach MimeSection s
  IfMatch ${s} "/^(\d+):.*\.zip$/i"
    ${number} = ${1}
    ZipCount ${number} files
    ZipContents ${number} names
    IfMatch ${names} "/\.(exe|js|scr)$/im"
      ${Score} += 200
    EndIf
  EndIf
EndFor
)"},
});

}  // namespace

std::span<const ManualPage> manual_pages() { return kPages; }

const ManualPage* find_manual_page(std::string_view word) {
  const auto found =
      std::ranges::find_if(kPages, [&](const ManualPage& page) { return equal_ignoring_case(page.word, word); });
  return found == kPages.end() ? nullptr : &*found;
}

}  // namespace pennypost::ruleinterp
