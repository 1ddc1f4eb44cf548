// One message on its way through the stages: what it is, what the stages want of it, what has become of it so far.
#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "server/base/settings.h"
#include "server/delivery/pipeline.h"
#include "server/delivery/stage.h"
#include "server/message/parse.h"
#include "server/store/store.h"

namespace pennypost::delivery {

/// One message on its way.
struct Run {
  Run(Mail mail, const std::string& host_name, std::shared_ptr<const SettingsSnapshot> settings);

  Mail mail;
  const std::string& host_name;
  const Timestamp at;  ///< when it came in
  std::shared_ptr<const SettingsSnapshot> settings;
  message::Message message;
  Edits edits;
  bool held = false;
  bool dropped = false;  ///< taken and thrown away by a stage
  std::span<const store::SendResult> results;
  std::optional<store::ReportedQuarantine> reported;
  std::optional<Error> failure;  ///< of the commit
  store::TraceRecord trace;

  /// One more line of the trace.
  void line(std::string_view stage, std::string_view verdict, std::string why);
  /// For the trace, as in the field; the first that is known counts.
  void know_message_id(std::string_view field);
  /// The recipients in a few words, for the log.
  std::string recipients() const;
  /// Carries out what the stages asked for in the header; the message is parsed again where that moved it.
  void apply_edits();
};

}  // namespace pennypost::delivery
