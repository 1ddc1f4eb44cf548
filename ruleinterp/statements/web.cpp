// HTTPGet, HTTPGetMD5, HTTPPost, WinHTTPGet (spec 10 section 6.34; 11 section 1.11). Which addresses may be asked,
// redirects and TLS are the host's matter. When nobody answers, both variables are empty and the script goes on.
#include <algorithm>

#include <fmt/format.h>

#include "ruleinterp/statements/digest.h"
#include "ruleinterp/statements/families.h"
#include "ruleinterp/text.h"

namespace pennypost::ruleinterp::families {
namespace {

constexpr std::size_t kMostRequests = 100;  // of one run

HttpReply fetch(Run& run, HttpRequest request) {
  if (!run.host().http) {
    run.warn_missing("HTTP client");
    return {};
  }
  if (++run.http_requests > kMostRequests) {
    run.warn(fmt::format("more than {} HTTP requests for one message; this one is not made", kMostRequests));
    return {};
  }
  const std::string_view url = request.url;
  if (!starts_ignoring_case(url, "http://") && !starts_ignoring_case(url, "https://")) {
    run.warn("only http:// and https:// can be fetched");
    return {};
  }
  const std::size_t most = request.most;
  HttpReply reply = run.host().http->fetch(request, run.until(run.limits().http));
  run.look_at_clock();  // the wait may have been all the time there was
  reply.head = with_line_feeds(reply.head);
  if (reply.content.size() > most) reply.content.resize(most);
  return reply;
}

Flow store(Run& run, std::uint32_t head, std::uint32_t content, HttpReply reply) {
  std::ranges::replace(reply.content, '\0', ' ');
  std::ranges::replace(reply.head, '\0', ' ');
  run.set(head, reply.head);
  run.set(content, reply.content);
  return Flow::next;
}

HttpRequest get(Run& run, const Instruction& i) {
  HttpRequest request;
  request.url = trim(run.text(i, 0));
  return request;
}

}  // namespace

Flow run_http_get(Run& run, const Instruction& i) {
  return store(run, Run::variable(i, 1), Run::variable(i, 2), fetch(run, get(run, i)));
}

Flow run_http_get_md5(Run& run, const Instruction& i) {
  HttpReply reply = fetch(run, get(run, i));
  reply.content = reply.head.empty() ? std::string{} : md5_hex(reply.content);
  return store(run, Run::variable(i, 1), Run::variable(i, 2), std::move(reply));
}

Flow run_http_post(Run& run, const Instruction& i) {
  HttpRequest request = get(run, i);
  request.form = run.text(i, 1);
  return store(run, Run::variable(i, 2), Run::variable(i, 3), fetch(run, std::move(request)));
}

Flow run_win_http_get(Run& run, const Instruction& i) {
  HttpRequest request = get(run, i);
  request.system_proxy = true;
  return store(run, Run::variable(i, 1), Run::variable(i, 2), fetch(run, std::move(request)));
}

}  // namespace pennypost::ruleinterp::families
