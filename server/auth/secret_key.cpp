// The key file and what is made from it (libsodium: crypto_kdf, crypto_secretbox). A key that others can read is
// refused rather than used: the administrator has to decide whether the passwords are still secret. The file is written
// aside and linked into place, so it is never there half.
#include "server/auth/secret_key.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/auth/digests.h"
#include "server/base/random.h"
#include "server/base/text.h"

namespace pennypost::auth {
namespace {

constexpr std::size_t kKeyOctets = crypto_kdf_KEYBYTES;

class OpenFile {
 public:
  explicit OpenFile(int fd) : fd_{fd} {}
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  explicit operator bool() const { return fd_ >= 0; }
  int get() const { return fd_; }

 private:
  int fd_;
};

Error system_error(const std::string& what, const std::string& file, int number) {
  const Kind kind = number == ENOSPC || number == EDQUOT                     ? Kind::disk_full
                    : number == EACCES || number == EPERM || number == EROFS ? Kind::not_permitted
                                                                             : Kind::unavailable;
  return error(kind, "The key file is not usable", fmt::format("{} {}: {}", what, file, std::strerror(number)));
}

unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
const unsigned char* bytes(const std::string& text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string derived(std::string_view master, std::uint64_t which, std::size_t octets) {
  std::string out(octets, '\0');
  const std::string key{master};
  if (crypto_kdf_derive_from_key(bytes(out), out.size(), which, "pennypst", bytes(key)) != 0) std::abort();
  return out;
}

/// Makes the file; another process that was quicker is no error.
Result<void> create(const std::filesystem::path& file) {
  const std::string aside = fmt::format("{}.{}.{}", file.string(), ::getpid(), hex_encode(random_octets(4)));
  {
    const OpenFile out{::open(aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    if (!out) return system_error("cannot make", aside, errno);
    const std::string key = random_octets(kKeyOctets);
    struct stat folder {};
    const bool give_away = ::geteuid() == 0 && ::stat(file.parent_path().c_str(), &folder) == 0;
    if (::write(out.get(), key.data(), key.size()) != static_cast<ssize_t>(key.size()) || ::fsync(out.get()) != 0 ||
        (give_away && ::fchown(out.get(), folder.st_uid, folder.st_gid) != 0)) {
      const int number = errno == 0 ? ENOSPC : errno;
      ::unlink(aside.c_str());
      return system_error("cannot write", aside, number);
    }
  }
  const bool linked = ::link(aside.c_str(), file.c_str()) == 0;
  const int number = errno;
  ::unlink(aside.c_str());
  if (!linked && number != EEXIST) return system_error("cannot make", file.string(), number);
  const OpenFile folder{::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (folder) ::fsync(folder.get());
  return {};
}

}  // namespace

SecretKey::SecretKey(std::string_view octets)
    : seal_key_{derived(octets, 1, crypto_secretbox_KEYBYTES)},
      salt_key_{derived(octets, 2, 32)},
      links_key_{derived(octets, 3, 32)} {}

Result<SecretKey> SecretKey::open_or_create(const std::filesystem::path& data_folder) {
  if (sodium_init() < 0) return error(Kind::internal, "Internal error", "libsodium does not start");
  const std::filesystem::path file = data_folder / kFileName;
  if (::access(file.c_str(), F_OK) != 0) {
    if (errno != ENOENT) return system_error("cannot look for", file.string(), errno);
    if (auto made = create(file); !made) return made.error();
  }
  const OpenFile in{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  if (!in) return system_error("cannot open", file.string(), errno);
  struct stat facts {};
  if (::fstat(in.get(), &facts) != 0) return system_error("cannot look at", file.string(), errno);
  if ((facts.st_mode & 077) != 0) {
    return error(Kind::not_permitted, "The key file is not usable",
                 fmt::format("{} can be read by others (mode {:o}): chmod 600 it, and change the passwords if somebody "
                             "has read it",
                             file.string(), facts.st_mode & 0777));
  }
  std::string octets(kKeyOctets + 1, '\0');
  const ssize_t got = ::read(in.get(), octets.data(), octets.size());
  if (got < 0) return system_error("cannot read", file.string(), errno);
  if (static_cast<std::size_t>(got) != kKeyOctets) {
    return error(Kind::bad_input, "The key file is not usable",
                 fmt::format("{} is not a key: {} octets are needed", file.string(), kKeyOctets));
  }
  octets.resize(kKeyOctets);
  return SecretKey{octets};
}

std::string SecretKey::seal(std::string_view plain) const {
  std::string out = random_octets(crypto_secretbox_NONCEBYTES);
  std::string box(plain.size() + crypto_secretbox_MACBYTES, '\0');
  if (crypto_secretbox_easy(bytes(box), reinterpret_cast<const unsigned char*>(plain.data()), plain.size(), bytes(out),
                            bytes(seal_key_)) != 0) {
    std::abort();
  }
  return out + box;
}

std::optional<std::string> SecretKey::open(std::string_view sealed) const {
  if (sealed.size() < crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES) return std::nullopt;
  const auto* const octets = reinterpret_cast<const unsigned char*>(sealed.data());
  const std::size_t box = sealed.size() - crypto_secretbox_NONCEBYTES;
  std::string plain(box - crypto_secretbox_MACBYTES, '\0');
  if (crypto_secretbox_open_easy(bytes(plain), octets + crypto_secretbox_NONCEBYTES, box, octets, bytes(seal_key_)) !=
      0) {
    return std::nullopt;
  }
  return plain;
}

std::string SecretKey::salt_for_nobody(std::string_view name) const {
  return hmac_sha256(salt_key_, name).substr(0, 16);
}

}  // namespace pennypost::auth
