// Names of rows and numbers, each a type of its own: no row id passes for a UID (STYLE 3.7).
#pragma once
#include <cstdint>
#include <type_traits>

namespace pennypost {

enum class AccountId : std::int32_t {};  ///< users.users.usernumber; 0 is no account (spec 30 section 5.1)
enum class FolderId : std::int64_t {};   ///< what IMAP calls a mailbox; never used again after deletion
enum class BodyId : std::int64_t {};     ///< the stored octets of a message, shared by all folders that hold it
enum class Uid : std::uint32_t {};       ///< a message in one folder, RFC 9051 2.3.1.1; 0 is none
enum class UidValidity : std::uint32_t {};
enum class ModSeq : std::uint64_t {};         ///< RFC 7162; grows with every change of a folder
enum class QueueId : std::int64_t {};         ///< outqueue.outmessages.msgid
enum class OutRecipientId : std::int64_t {};  ///< outqueue.outrecipients.id
enum class QuarantineId : std::int64_t {};    ///< spamfilter.quarantine.id; never used again

/// The number behind an id, for printing, binding and arithmetic.
template <typename E>
requires std::is_enum_v<E>
constexpr std::underlying_type_t<E> number(E id) { return static_cast<std::underlying_type_t<E>>(id); }

/// The next UID. At 2^32-1 the folder is full: the caller (store) must have refused before.
constexpr Uid next(Uid uid) { return Uid{number(uid) + 1}; }

}  // namespace pennypost
