// From root to the owner of the data folder. PostgreSQL refuses to run as root, and a mail server should not.
// Needs the system user `pennypost` when started by root; without it everything here says how to make it.
#include "server/main/privileges.h"

#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include <acl/libacl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/acl.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pennypost::main_program {

namespace fs = std::filesystem;

namespace {

Error failed(const std::string& what) {
  return error(Kind::internal, fmt::format("{}: {}", what, std::strerror(errno)));
}

struct Identity {
  uid_t uid;
  gid_t gid;
};

Result<Identity> system_user() {
  const passwd* found = getpwnam(kSystemUser);
  if (found == nullptr) {
    return error(Kind::not_found,
                 fmt::format("The system user '{0}' does not exist, and the server does not run as root. Make it with: "
                             "useradd --system --no-create-home --shell /usr/sbin/nologin {0}",
                             kSystemUser));
  }
  return Identity{found->pw_uid, found->pw_gid};
}

bool may_pass(const struct stat& folder, const Identity& who) {
  if (folder.st_uid == who.uid) return (folder.st_mode & S_IXUSR) != 0;
  if (folder.st_gid == who.gid) return (folder.st_mode & S_IXGRP) != 0;
  return (folder.st_mode & S_IXOTH) != 0;
}

/// Adds "user:<uid>:--x" to the access-control list of a folder. False with errno set when the file system has none.
bool let_pass(const fs::path& folder, const Identity& who) {
  struct Free {
    void operator()(void* held) const { acl_free(held); }
  };
  std::unique_ptr<std::remove_pointer_t<acl_t>, Free> held{acl_get_file(folder.c_str(), ACL_TYPE_ACCESS)};
  if (!held) return false;
  acl_t list = held.get();
  acl_entry_t entry = nullptr;
  acl_permset_t permissions = nullptr;
  // acl_create_entry may move the list: the owner of the memory follows it.
  const bool created = acl_create_entry(&list, &entry) == 0;
  if (list != held.get()) {
    (void)held.release();
    held.reset(list);
  }
  if (!created || acl_set_tag_type(entry, ACL_USER) != 0 || acl_set_qualifier(entry, &who.uid) != 0 ||
      acl_get_permset(entry, &permissions) != 0 || acl_clear_perms(permissions) != 0 ||
      acl_add_perm(permissions, ACL_EXECUTE) != 0) {
    return false;
  }
  list = held.get();
  const bool masked = acl_calc_mask(&list) == 0;
  if (list != held.get()) {
    (void)held.release();
    held.reset(list);
  }
  return masked && acl_set_file(folder.c_str(), ACL_TYPE_ACCESS, held.get()) == 0;
}

/// True when the access-control list of a folder already lets `who` pass.
bool has_pass(const fs::path& folder, const Identity& who) {
  acl_t list = acl_get_file(folder.c_str(), ACL_TYPE_ACCESS);
  if (list == nullptr) return false;
  bool found = false;
  acl_entry_t entry = nullptr;
  for (int which = ACL_FIRST_ENTRY; acl_get_entry(list, which, &entry) == 1; which = ACL_NEXT_ENTRY) {
    acl_tag_t tag{};
    acl_permset_t permissions = nullptr;
    if (acl_get_tag_type(entry, &tag) != 0 || tag != ACL_USER || acl_get_permset(entry, &permissions) != 0) continue;
    void* qualifier = acl_get_qualifier(entry);
    if (qualifier != nullptr && *static_cast<uid_t*>(qualifier) == who.uid &&
        acl_get_perm(permissions, ACL_EXECUTE) == 1) {
      found = true;
    }
    acl_free(qualifier);
  }
  acl_free(list);
  return found;
}

Result<void> open_the_way(const fs::path& data, const Identity& who) {
  for (fs::path folder = data.parent_path();; folder = folder.parent_path()) {
    struct stat info {};
    if (stat(folder.c_str(), &info) != 0) return failed(folder.string());
    if (!may_pass(info, who) && !has_pass(folder, who)) {
      if (!let_pass(folder, who)) {
        return error(
            Kind::not_permitted,
            fmt::format("The system user '{}' may not pass through {} to the data folder {}. Give it the right "
                        "(chmod o+x {}) or choose another data folder.",
                        kSystemUser, folder.string(), data.string(), folder.string()));
      }
      fmt::print(stderr, "pennypost: the system user '{}' may now pass through {} (access-control entry)\n",
                 kSystemUser, folder.string());
    }
    if (folder == folder.parent_path()) return {};
  }
}

/// After setresuid with kept capabilities: everything goes but what binds low ports. A machine that does not give that
/// one leaves none: binding then says so.
void keep_only(LowPorts low_ports) {
  const std::unique_ptr<std::remove_pointer_t<cap_t>, int (*)(void*)> wanted{cap_init(), cap_free};
  const cap_value_t bind = CAP_NET_BIND_SERVICE;
  if (low_ports == LowPorts::bind) {
    cap_set_flag(wanted.get(), CAP_PERMITTED, 1, &bind, CAP_SET);
    cap_set_flag(wanted.get(), CAP_EFFECTIVE, 1, &bind, CAP_SET);
  }
  if (cap_set_proc(wanted.get()) == 0) return;
  const std::unique_ptr<std::remove_pointer_t<cap_t>, int (*)(void*)> none{cap_init(), cap_free};
  cap_set_proc(none.get());
}

}  // namespace

Result<fs::path> prepare_data_folder(const fs::path& data) {
  std::error_code code;
  const fs::path absolute = fs::absolute(data, code).lexically_normal();
  if (code) return error(Kind::bad_input, fmt::format("{}: {}", data.string(), code.message()));
  const fs::path folder = absolute.has_filename() ? absolute : absolute.parent_path();  // "DIR/" is DIR
  fs::create_directories(folder, code);
  if (code)
    return error(Kind::unavailable, fmt::format("Cannot make the data folder {}: {}", folder.string(), code.message()));
  struct stat info {};
  if (stat(folder.c_str(), &info) != 0) return failed(folder.string());
  if (!S_ISDIR(info.st_mode)) return error(Kind::bad_input, fmt::format("{} is not a folder", folder.string()));

  if (geteuid() != 0) {
    if (info.st_uid != geteuid()) {
      const passwd* owner = getpwuid(info.st_uid);
      return error(Kind::not_permitted,
                   fmt::format("The data folder {} belongs to {}: run this as that user or as root", folder.string(),
                               owner != nullptr ? owner->pw_name : "another user"));
    }
    return folder;
  }

  const auto user = system_user();
  if (!user) return user.error();
  Identity owner{info.st_uid, info.st_gid};
  if (info.st_uid == 0) {
    // Only a folder without content changes hands: a slip such as --data / must not give away what is in it.
    if (!fs::is_empty(folder, code) || code) {
      return error(Kind::not_permitted,
                   fmt::format("The data folder {} belongs to root and is not empty: give it to the system user '{}' "
                               "(chown -R {} {}) or choose another",
                               folder.string(), kSystemUser, kSystemUser, folder.string()));
    }
    if (chown(folder.c_str(), user->uid, user->gid) != 0) return failed("chown " + folder.string());
    if (chmod(folder.c_str(), S_IRWXU) != 0) return failed("chmod " + folder.string());
    owner = *user;
  }
  if (auto way = open_the_way(folder, owner); !way) return std::move(way).error();
  return folder;
}

Result<void> become_owner_of(const fs::path& data, LowPorts low_ports) {
  if (geteuid() != 0) return {};
  struct stat info {};
  if (stat(data.c_str(), &info) != 0) return failed(data.string());
  const passwd* owner = getpwuid(info.st_uid);
  if (owner == nullptr || owner->pw_uid == 0) {
    return error(Kind::not_permitted, fmt::format("The owner of {} is no system user to run as", data.string()));
  }
  if (chdir("/") != 0) return failed("chdir /");
  if (initgroups(owner->pw_name, owner->pw_gid) != 0) return failed("initgroups");
  if (setresgid(owner->pw_gid, owner->pw_gid, owner->pw_gid) != 0) return failed("setresgid");
  prctl(PR_SET_KEEPCAPS, low_ports == LowPorts::bind ? 1 : 0);
  if (setresuid(owner->pw_uid, owner->pw_uid, owner->pw_uid) != 0) return failed("setresuid");
  keep_only(low_ports);
  if (setuid(0) == 0) return error(Kind::internal, "Root was given up, yet could be taken back");
  prctl(PR_SET_DUMPABLE, 1);  // after a change of user the kernel hides /proc/self; nothing secret from our own user
  return {};
}

}  // namespace pennypost::main_program
