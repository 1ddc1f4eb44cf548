// The server that is played against: where it listens, how it gets accounts, folders and messages.
#pragma once
#include <chrono>
#include <map>
#include <string>

#include "conformance/player/connection.h"
#include "conformance/player/variables.h"

namespace pennypost::conformance {

struct Ports {
  int smtp = 0, pop3 = 0, imap = 0;     ///< 0: not offered, sessions that need it fail
  int smtps = 0, pop3s = 0, imaps = 0;  ///< implicit TLS
};

struct Target {
  std::string name = "server";  ///< what `skip:` lines call it
  std::string host = "127.0.0.1";
  Ports ports;
  std::string domain = "example.test";  ///< addresses of accounts are user@domain
  /// Shell command that makes an account; {name}, {password} and {address} are filled in. Empty: the server takes any
  /// name with the password `password`.
  std::string provision;
  std::string password;                     ///< one for all accounts, or empty
  std::map<std::string, Account> accounts;  ///< those given by hand, by their name in the session files
  std::chrono::milliseconds wait{5000};     ///< for a line

  int port(Protocol protocol, bool tls) const;

  /// A new account of the server; the name in the session file becomes part of its name. Throws Failure.
  Account make_account(const std::string& name, const std::string& password) const;

  /// Made by IMAP, so that every server can be played against. Throws Failure with the server's answer.
  void make_folder(const Account& account, const std::string& folder) const;
  void add_message(const Account& account, const std::string& folder, const std::string& flags, const std::string& date,
                   const std::string& text) const;
  /// Waits until the folder holds so many messages.
  void await_messages(const Account& account, const std::string& folder, std::uint64_t count) const;
};

}  // namespace pennypost::conformance
