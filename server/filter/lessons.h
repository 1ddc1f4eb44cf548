// What Bayes learns of a message: its words, and what it is known by when it is met again.
#pragma once
#include <vector>

#include "ruleinterp/host.h"
#include "server/store/spam_learning.h"

namespace pennypost::filter {

/// Whether a message is meant itself, or the messages that it forwards (sent to spam@ or notspam@ to teach, spec 11
/// section 6).
enum class Meant { itself, forwarded };

/// The lessons to learn or un-learn a message: one, or one for each message that is attached to a forward. A message is
/// known by From, Date and body, so that it is the same one before and after this server has added its fields, with a
/// changed subject, and in whatever folder it was copied to.
std::vector<store::Lesson> lessons_of(const ruleinterp::Mail& mail, store::Lesson::Act act, ruleinterp::Verdict as,
                                      Meant meant = Meant::itself);

}  // namespace pennypost::filter
