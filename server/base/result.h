// A value or the reason why there is none (STYLE 3.11). Exceptions are for libraries and for what cannot happen.
#pragma once
#include <cassert>
#include <string>
#include <utility>
#include <variant>

namespace pennypost {

/// The closed list of what can go wrong; one switch without default per protocol answers it.
enum class Kind {
  bad_input,          ///< the client's words make no sense here
  not_found,          ///< no such account, folder, message, queue entry, setting
  already_exists,     ///< a name that is taken
  not_permitted,      ///< the account may not
  not_authenticated,  ///< wrong name or password (never says which)
  in_use,             ///< locked by another session
  over_quota,         ///< the mailbox is full
  too_large,          ///< passes a declared limit
  disk_full,          ///< no room in the database or spool; try later
  unavailable,        ///< database, network or peer not reachable, or a time limit passed; try later
  cancelled,          ///< the server is stopping
  internal,           ///< ours; the log has the rest under the trace id
};

/// The word of a kind for logs: "not_found".
const char* word(Kind kind);

/// One text for the client (safe to send: printable, one line), one for the log (may name tables, files, addresses).
struct Error {
  Kind kind = Kind::internal;
  std::string for_client;
  std::string for_log;
};

/// An Error whose client text and log text are the same sentence.
inline Error error(Kind kind, std::string text) { return {kind, text, std::move(text)}; }
inline Error error(Kind kind, std::string for_client, std::string for_log) {
  return {kind, std::move(for_client), std::move(for_log)};
}

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : held_{std::in_place_index<0>, std::move(value)} {}          // NOLINT: a value is a result
  Result(Error failure) : held_{std::in_place_index<1>, std::move(failure)} {}  // NOLINT: an error is a result

  explicit operator bool() const { return held_.index() == 0; }
  bool ok() const { return held_.index() == 0; }
  T& operator*() & { return std::get<0>(held_); }
  const T& operator*() const& { return std::get<0>(held_); }
  T&& operator*() && { return std::get<0>(std::move(held_)); }
  T* operator->() { return &std::get<0>(held_); }
  const T* operator->() const { return &std::get<0>(held_); }
  const Error& error() const& { return std::get<1>(held_); }
  Error&& error() && { return std::get<1>(std::move(held_)); }

 private:
  std::variant<T, Error> held_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error failure) : error_{std::move(failure)}, failed_{true} {}  // NOLINT: an error is a result

  explicit operator bool() const { return !failed_; }
  bool ok() const { return !failed_; }
  const Error& error() const& {
    assert(failed_);
    return error_;
  }
  Error&& error() && { return std::move(error_); }

 private:
  Error error_;
  bool failed_ = false;
};

}  // namespace pennypost
