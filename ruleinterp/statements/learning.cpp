// What the script teaches the server: the Bayesian database and the white and black lists (spec 10 sections 6.4, 6.5;
// 11 section 1.4). Learning the same message twice counts twice; the null sender is never listed.
#include "ruleinterp/statements/families.h"
#include "ruleinterp/text.h"

namespace pennypost::ruleinterp::families {
namespace {

template <void (Bayes::*act)(const Mail&, Verdict), Verdict verdict>
Flow teach(Run& run, const Instruction&) {
  if (run.host().bayes) {
    (run.host().bayes->*act)(run.mail(), verdict);
  } else {
    run.warn_missing("Bayesian database");
  }
  return Flow::next;
}

template <List list>
Flow enlist(Run& run, const Instruction& i) {
  std::string_view address = trim(run.text(i, 0));
  if (address.starts_with('<') && address.ends_with('>')) address = trim(address.substr(1, address.size() - 2));
  if (address.empty()) return Flow::next;
  run.arena().charge(address.size() + 64);
  if (run.host().lists) {
    run.host().lists->add(list, address, i.operands[0].constant() ? Origin::script : Origin::mail);
  } else {
    run.warn_missing("white and black lists");
  }
  return Flow::next;
}

}  // namespace

Flow run_add_bayes_ham(Run& run, const Instruction& i) { return teach<&Bayes::learn, Verdict::ham>(run, i); }
Flow run_add_bayes_spam(Run& run, const Instruction& i) { return teach<&Bayes::learn, Verdict::spam>(run, i); }
Flow run_remove_bayes_ham(Run& run, const Instruction& i) { return teach<&Bayes::unlearn, Verdict::ham>(run, i); }
Flow run_remove_bayes_spam(Run& run, const Instruction& i) { return teach<&Bayes::unlearn, Verdict::spam>(run, i); }
Flow run_add_white_list(Run& run, const Instruction& i) { return enlist<List::white>(run, i); }
Flow run_add_black_list(Run& run, const Instruction& i) { return enlist<List::black>(run, i); }

}  // namespace pennypost::ruleinterp::families
