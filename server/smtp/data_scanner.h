// What comes between DATA and the final dot, octet by octet (RFC 5321 4.5.2, 4.1.1.4; spec 40 section 3.4).
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pennypost::smtp {

/// Takes the octets of a message as they are found. The views are valid during the call only.
class OctetSink {
 public:
  virtual ~OctetSink() = default;
  virtual void put(std::string_view octets) = 0;
};

/// What becomes of NUL (setting SmtpSvrNullCharacterReplacement, spec 40 section 2.9).
struct NulRule {
  enum class Act { reject, drop, replace } act = Act::reject;
  char with = ' ';
  /// 0 rejects, 255 drops, any other number is the code of the character that replaces NUL.
  static constexpr NulRule from_setting(std::int64_t value) {
    if (value == 0) return {Act::reject, ' '};
    if (value == 255) return {Act::drop, ' '};
    const bool breaks_lines = value == '\r' || value == '\n';  // would make lines out of nothing
    return {Act::replace, breaks_lines ? ' ' : static_cast<char>(value)};
  }
};

/// Turns the octets on the wire into the octets of the message: finds the end, removes the dots that were added for
/// transparency, makes CR LF of a lone LF, and treats NUL by rule. It keeps its place between calls, so it does not
/// matter how the network cut the stream (a test feeds it octet by octet).
///
/// Only CR LF "." CR LF ends a message. A line that a lone LF began is no line of the protocol: a dot there is text,
/// never the end ("LF . LF", "LF . CR LF", "CR . CR" and the like are content), which is what keeps a second message
/// from being smuggled inside the first. As the lone LF then leaves as CR LF, the dot is stuffed again on its way to
/// the next server. A lone CR is kept: it ends no line here or in any reader of ours.
class DataScanner {
 public:
  enum class Mode {
    dot_ends,  ///< DATA
    counted,   ///< BDAT: the caller knows the length; no dots are removed, nothing ends
  };
  struct Step {
    std::size_t taken = 0;  ///< octets of the input used; what follows the end belongs to the next command
    bool finished = false;  ///< the final dot was read
  };

  DataScanner(Mode mode, NulRule nul)
      : mode_{mode}, nul_{nul}, state_{mode == Mode::dot_ends ? State::line_start : State::in_line} {}

  Step feed(std::string_view in, OctetSink& out);

  /// BDAT only: the last chunk is read. Gives out a CR that waited for its LF.
  void finish(OctetSink& out);

  /// A NUL was met and the rule says reject. The rest is still read to its end, so that the session stays in step.
  bool nul_rejected() const { return nul_rejected_; }
  std::uint64_t lone_line_feeds() const { return lone_line_feeds_; }

 private:
  enum class State { line_start, dot, dot_cr, in_line, after_cr };
  void emit(std::string_view octets, OctetSink& out);

  Mode mode_;
  NulRule nul_;
  State state_;
  bool nul_rejected_ = false;
  std::uint64_t lone_line_feeds_ = 0;
};

}  // namespace pennypost::smtp
