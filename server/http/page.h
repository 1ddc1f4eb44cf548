// What a page gets and gives. Pages of other folders' things are handed to the service as rows of `Sources::pages`.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pennypost::http {

/// Fields by name; of several with one name the first.
using Fields = std::map<std::string, std::string, std::less<>>;

struct Request {
  std::string method;  ///< GET or POST; HEAD is asked as GET
  Fields query;        ///< behind the "?" of the address
  Fields form;         ///< sent with POST
  std::string client;  ///< address, for the log

  /// Empty when there is none.
  std::string_view in_query(std::string_view name) const { return value(query, name); }
  std::string_view in_form(std::string_view name) const { return value(form, name); }

 private:
  static std::string_view value(const Fields& fields, std::string_view name) {
    const auto found = fields.find(name);
    return found == fields.end() ? std::string_view{} : found->second;
  }
};

struct Reply {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> fields = {};  ///< further ones of the header
};

enum class Audience {
  nearby,    ///< clients on loopback and private networks
  everybody  ///< the page looks itself who may see it
};

struct Page {
  std::string path;  ///< "/quarantine"
  Audience audience = Audience::nearby;
  bool takes_forms = false;  ///< POST too
  /// Called by the threads of requests, several at once; must not throw.
  std::function<Reply(const Request&)> answer;
};

}  // namespace pennypost::http
