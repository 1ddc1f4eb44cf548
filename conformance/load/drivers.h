// The drivers: each makes what it needs on the server, measures, and returns its figures. All throw Trouble when the
// server does not do what is asked. The work is that of DESIGN.md section 8.
#pragma once
#include <string>
#include <vector>

#include "conformance/load/figures.h"
#include "conformance/load/wire.h"

namespace pennypost::load {

struct User {
  std::string name;
  std::string password;
  std::string address;
};

struct Plan {
  Endpoint smtp, pop3, imap;
  std::vector<User> users;  ///< at least one
  int messages = 2000;
  int size = 10'240;  ///< octets of a message
  int connections = 10;
  int rounds = 5;
  std::vector<int> pids;  ///< server processes whose memory counts, with their children
  std::string folder;     ///< of message files (corpus)
};

/// Messages by SMTP: accepted a second, and a second until the last one shows in the mailboxes (IMAP STATUS).
std::vector<Figure> measure_smtp(const Plan& plan);

/// FETCH of flags, envelopes (of a folder never fetched before, and again), bodies in one command and one each; NOOP.
std::vector<Figure> measure_fetch(const Plan& plan);

/// STORE +FLAGS, one command each.
std::vector<Figure> measure_store(const Plan& plan);

/// SEARCH BODY for words that some, one and no messages hold.
std::vector<Figure> measure_search(const Plan& plan);

/// Memory of the server for each session that is logged in, selected and idle. Unit: KiB of Pss.
std::vector<Figure> measure_idle(const Plan& plan);

/// Sends every file of a folder by SMTP and compares what IMAP and POP3 give back, and BODYSTRUCTURE with the parts.
/// The figures are counts; `differences` gets a line for each thing that is wrong.
std::vector<Figure> check_corpus(const Plan& plan, std::vector<std::string>& differences);

/// A message of about `size` octets with a text of its own for each number; every 100th holds the word `needle`.
std::string sample_message(int number, int size);

/// A folder of the first user with so many sample messages, made anew under a name of its own; its name.
std::string fresh_folder(const Plan& plan);

/// Proportional set size of a process and its descendants in KiB (/proc/PID/smaps_rollup).
std::uint64_t memory_of(int pid);

}  // namespace pennypost::load
