// Services of one run of the rules: what they do to lists and to Bayes counts once a message.
#pragma once
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "ruleinterp/host.h"
#include "server/filter/bayes.h"
#include "server/filter/services.h"

namespace pennypost::filter {

/// The address lists for one message: however often a script looks an address up or adds it, that counts once (spec 11
/// section 5.3: find count is a number of messages). An address from mail never becomes a pattern, which is logged. One
/// thread.
class RunLists final : public ruleinterp::AddressLists {
 public:
  RunLists(StoreLists& lists, const ruleinterp::Envelope& envelope) : lists_{lists}, envelope_{envelope} {}
  bool contains(ruleinterp::List list, std::string_view address) override;
  void add(ruleinterp::List list, std::string_view address, ruleinterp::Origin origin) override;

 private:
  StoreLists& lists_;
  const ruleinterp::Envelope& envelope_;
  std::map<std::pair<ruleinterp::List, std::string>, bool> looked_up_;
  std::set<std::pair<ruleinterp::List, std::string>> added_;
};

/// Bayes for one message; what a forward teaches is about the message that it forwards. One thread.
class RunBayes final : public ruleinterp::Bayes {
 public:
  RunBayes(StoreBayes& bayes, Meant meant) : bayes_{bayes}, meant_{meant} {}
  double probability(const ruleinterp::Mail& mail) override { return bayes_.probability(mail); }
  std::uint64_t size() override { return bayes_.size(); }
  void learn(const ruleinterp::Mail& mail, ruleinterp::Verdict as) override {
    bayes_.take(lessons_of(mail, store::Lesson::Act::learn, as, meant_));
  }
  void unlearn(const ruleinterp::Mail& mail, ruleinterp::Verdict as) override {
    bayes_.take(lessons_of(mail, store::Lesson::Act::unlearn, as, meant_));
  }

 private:
  StoreBayes& bayes_;
  Meant meant_;
};

}  // namespace pennypost::filter
