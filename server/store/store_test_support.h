// What the tests of store/ share: an account with folders, small messages.
#pragma once
#include <string>

#include <gtest/gtest.h>

#include "server/base/clock.h"
#include "server/store/test_cluster.h"

namespace pennypost::store {

inline NewBody body_of(std::string_view octets) {
  NewBody body;
  body.octets = octets;
  const auto end = octets.find("\r\n\r\n");
  body.header_size = {static_cast<std::int64_t>(end == std::string_view::npos ? octets.size() : end + 4)};
  body.envelope = "(envelope)";
  body.bodystructure = "(structure)";
  body.parts = std::string{"\1\0\2", 3};
  body.subject = "subject";
  return body;
}

inline Delivery one_letter(const NewBody& body, FolderId folder, Flags flags = {}, std::string prefix = {}) {
  Letter letter;
  letter.body = &body;
  MailboxEntry entry;
  entry.folder = folder;
  entry.flags = flags;
  entry.prefix = std::move(prefix);
  letter.mailboxes.push_back(std::move(entry));
  Delivery delivery;
  delivery.letters.push_back(std::move(letter));
  return delivery;
}

/// A fresh database with the account ann and her INBOX.
struct WithAnn {
  std::string connection = TestCluster::instance().fresh_database();
  std::unique_ptr<Store> store = TestCluster::instance().connect(connection);
  Account ann;
  FolderId inbox{};
  FolderId trash{};
  WithAnn() {
    auto made = store->accounts().create({.name = "ann", .addresses = {"ann@example.com"}});
    if (!made) {
      ADD_FAILURE() << made.error().for_log;
      return;
    }
    ann = *made;
    inbox = store->folders().find(ann.id, "inbox")->id;
    trash = store->folders().find(ann.id, "Trash")->id;
  }
  Uid put(std::string_view octets, Flags flags = {}, std::string prefix = {}) {
    const auto body = body_of(octets);
    auto done = store->writer().deliver(one_letter(body, inbox, flags, std::move(prefix)));
    EXPECT_TRUE(done.ok()) << (done ? "" : done.error().for_log);
    return done ? done->letters[0].mailboxes[0].uid : Uid{0};
  }
  std::string read(Uid uid) {
    std::string all;
    auto done = store->messages().fetch_octets(inbox, std::array{uid}, [&](const Piece& p) {
      EXPECT_EQ(p.offset.count, static_cast<std::int64_t>(all.size()));
      all += p.octets;
      return true;
    });
    EXPECT_TRUE(done.ok()) << (done ? "" : done.error().for_log);
    return all;
  }
};

/// Says why when a result is an error.
#define ASSERT_OK(result) ASSERT_TRUE((result).ok()) << ((result).ok() ? "" : (result).error().for_log)
#define EXPECT_OK(result) EXPECT_TRUE((result).ok()) << ((result).ok() ? "" : (result).error().for_log)

inline const std::string kSmall = "Subject: hello\r\nFrom: a@example.com\r\n\r\nBody of the message\r\n";

}  // namespace pennypost::store
