// What ${...} stands for: variables, accounts and the small computations that a client of these protocols makes.
// Needs nothing but the values given before. An unknown name or a challenge that makes no sense ends the section
// (Failure). Sources: RFC 1939 7 (APOP), RFC 2195 (CRAM-MD5), RFC 4616 (PLAIN), RFC 5802 and RFC 7677 (SCRAM-SHA-256).
#include "conformance/player/variables.h"

#include <array>
#include <functional>

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace pennypost::conformance {
namespace {

using Arguments = std::vector<std::string>;

constexpr const char* kClientNonce = "fyko2sdlB7aNxTJV9rU0q";
constexpr int kSha256Octets = 32;

std::string hex(std::string_view octets) {
  std::string out;
  for (const char c : octets) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

const unsigned char* octets_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string digest(const EVP_MD* kind, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), out.data(), &size, kind, nullptr);
  return {reinterpret_cast<char*>(out.data()), size};
}

std::string hmac(const EVP_MD* kind, std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  HMAC(kind, key.data(), static_cast<int>(key.size()), octets_of(text), text.size(), out.data(), &size);
  return {reinterpret_cast<char*>(out.data()), size};
}

std::string exclusive_or(std::string_view a, std::string_view b) {
  std::string out;
  for (std::size_t i = 0; i < a.size(); ++i) out += static_cast<char>(a[i] ^ b[i]);
  return out;
}

/// The client's side of SCRAM-SHA-256 with a fixed nonce: a session file is the same text at every play.
struct Scram {
  std::string client_first_bare;
  std::string client_final;      ///< with its proof
  std::string server_signature;  ///< base64

  Scram(const Account& account, const std::string& server_first) {
    client_first_bare = "n=" + account.user + ",r=" + kClientNonce;
    if (server_first.empty()) return;
    std::string nonce, salt;
    int rounds = 0;
    for (std::size_t at = 0; at < server_first.size();) {
      const auto end = std::min(server_first.find(',', at), server_first.size());
      const auto field = server_first.substr(at, end - at);
      if (field.starts_with("r=")) nonce = field.substr(2);
      if (field.starts_with("s=")) salt = unbase64(field.substr(2));
      if (field.starts_with("i=")) rounds = std::atoi(field.c_str() + 2);
      at = end + 1;
    }
    if (!nonce.starts_with(kClientNonce) || salt.empty() || rounds < 1)
      throw Failure{"the server's first SCRAM message makes no sense: " + server_first};
    std::string salted(kSha256Octets, '\0');
    PKCS5_PBKDF2_HMAC(account.password.data(), static_cast<int>(account.password.size()), octets_of(salt),
                      static_cast<int>(salt.size()), rounds, EVP_sha256(), kSha256Octets,
                      reinterpret_cast<unsigned char*>(salted.data()));
    const std::string without_proof = "c=biws,r=" + nonce;
    const std::string auth_message = client_first_bare + "," + server_first + "," + without_proof;
    const std::string client_key = hmac(EVP_sha256(), salted, "Client Key");
    const std::string signature = hmac(EVP_sha256(), digest(EVP_sha256(), client_key), auth_message);
    client_final = without_proof + ",p=" + base64(exclusive_or(client_key, signature));
    server_signature = base64(hmac(EVP_sha256(), hmac(EVP_sha256(), salted, "Server Key"), auth_message));
  }
};

std::uint64_t whole_number(const std::string& text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos)
    throw Failure{"`" + text + "` is no number"};
  return std::stoull(text);
}

std::string repeated(const std::string& count, const std::string& text) {
  std::string out;
  const auto n = whole_number(count);
  out.reserve(n * text.size());
  for (std::uint64_t i = 0; i < n; ++i) out += text;
  return out;
}

std::string dot_stuffed(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '.' && (i == 0 || text[i - 1] == '\n')) out += '.';
    out += text[i];
  }
  return out;
}

struct Function {
  const char* name;
  std::size_t arguments;
  std::function<std::string(const Variables&, const Arguments&)> compute;
};

const std::vector<Function>& functions() {
  const auto account = [](const Variables& v, const Arguments& a) -> const Account& { return v.account(a[0]); };
  static const std::vector<Function> functions{
      {"size", 1, [](const Variables& v, const Arguments& a) { return std::to_string(v.value(a[0]).size()); }},
      {"literal", 1,
       [](const Variables& v, const Arguments& a) {
         const auto text = v.value(a[0]);
         return fmt::format("{{{}}}\r\n{}", text.size(), text);
       }},
      {"literal+", 1,
       [](const Variables& v, const Arguments& a) {
         const auto text = v.value(a[0]);
         return fmt::format("{{{}+}}\r\n{}", text.size(), text);
       }},
      {"stuffed", 1, [](const Variables& v, const Arguments& a) { return dot_stuffed(v.value(a[0])); }},
      {"add", 2,
       [](const Variables& v, const Arguments& a) {
         return std::to_string(whole_number(v.value(a[0])) + whole_number(a[1]));
       }},
      {"upper", 1,
       [](const Variables& v, const Arguments& a) {
         auto text = v.value(a[0]);
         for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
         return text;
       }},
      {"base64", 1, [](const Variables&, const Arguments& a) { return base64(a[0]); }},
      {"repeat", 2, [](const Variables&, const Arguments& a) { return repeated(a[0], a[1]); }},
      {"repeat-line", 2, [](const Variables&, const Arguments& a) { return repeated(a[0], a[1] + "\r\n"); }},
      {"user64", 1, [=](const Variables& v, const Arguments& a) { return base64(account(v, a).user); }},
      {"password64", 1, [=](const Variables& v, const Arguments& a) { return base64(account(v, a).password); }},
      {"plain", 1,
       [=](const Variables& v, const Arguments& a) {
         const Account& who = account(v, a);
         return base64(std::string(1, '\0') + who.user + std::string(1, '\0') + who.password);
       }},
      {"cram-md5", 2,
       [=](const Variables& v, const Arguments& a) {
         const Account& who = account(v, a);
         return base64(who.user + " " + hex(hmac(EVP_md5(), who.password, unbase64(v.value(a[1])))));
       }},
      {"apop", 2,
       [=](const Variables& v, const Arguments& a) {
         return hex(digest(EVP_md5(), v.value(a[1]) + account(v, a).password));
       }},
      {"scram-first", 1,
       [=](const Variables& v, const Arguments& a) {
         return base64("n,," + Scram{account(v, a), ""}.client_first_bare);
       }},
      {"scram-final", 2,
       [=](const Variables& v, const Arguments& a) {
         return base64(Scram{account(v, a), unbase64(v.value(a[1]))}.client_final);
       }},
      {"scram-server", 2,
       [=](const Variables& v, const Arguments& a) {
         return base64("v=" + Scram{account(v, a), unbase64(v.value(a[1]))}.server_signature);
       }},
  };
  return functions;
}

}  // namespace

const Account& Variables::account(const std::string& name) const {
  const auto found = accounts_.find(name);
  if (found == accounts_.end()) throw Failure{"no account `" + name + "` was declared before"};
  return found->second;
}

const std::string& Variables::variable(const std::string& name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) throw Failure{"no variable `" + name + "` has a value here"};
  return found->second;
}

std::string Variables::value(std::string_view expression) const {
  const auto colon = expression.find(':');
  if (colon == std::string_view::npos) {
    const std::string name{expression};
    if (const auto found = values_.find(name); found != values_.end()) return found->second;
    if (accounts_.contains(name)) return accounts_.at(name).user;
    const auto dot = name.rfind('.');
    if (dot != std::string::npos) {
      const Account& who = account(name.substr(0, dot));
      if (name.substr(dot + 1) == "password") return who.password;
      if (name.substr(dot + 1) == "address") return who.address;
    }
    return variable(name);
  }
  const auto name = expression.substr(0, colon);
  for (const auto& function : functions()) {
    if (function.name != name) continue;
    // The last argument takes the rest, colons included: a text needs no escapes.
    Arguments arguments;
    std::string_view left = expression.substr(colon + 1);
    while (arguments.size() + 1 < function.arguments) {
      const auto next = left.find(':');
      if (next == std::string_view::npos) break;
      arguments.emplace_back(left.substr(0, next));
      left.remove_prefix(next + 1);
    }
    arguments.emplace_back(left);
    if (arguments.size() != function.arguments)
      throw Failure{fmt::format("${{{}}} takes {} arguments", name, function.arguments)};
    return function.compute(*this, arguments);
  }
  throw Failure{fmt::format("there is no function `{}`", name)};
}

std::string Variables::expand(const Template& text) const {
  std::string out;
  for (const auto& part : text) out += part.form == Form::substitute ? value(part.text) : part.text;
  return out;
}

std::string base64(std::string_view octets) {
  std::string out((octets.size() + 2) / 3 * 4 + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), octets_of(octets), static_cast<int>(octets.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::string unbase64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return {};
  std::string out(text.size() / 4 * 3, '\0');
  const int size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()), octets_of(text), static_cast<int>(text.size()));
  if (size < 0) return {};
  out.resize(static_cast<std::size_t>(size));
  while (text.ends_with('=') && !out.empty()) {
    out.pop_back();
    text.remove_suffix(1);
  }
  return out;
}

}  // namespace pennypost::conformance
