// The unused part of the stack, found from the thread's own attributes. When anything is unusual nothing is done.
#include "server/imap/idle_memory.h"

#include <cstdint>

#include <pthread.h>
#include <sys/mman.h>

namespace pennypost::imap {

void release_stack() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return;  // their shadow of the stack would no longer fit
#else
  constexpr std::uintptr_t page = 4096;
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return;
  void* bottom = nullptr;
  std::size_t size = 0;
  const bool known = pthread_attr_getstack(&attributes, &bottom, &size) == 0;
  pthread_attr_destroy(&attributes);
  if (!known) return;
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  const auto low = reinterpret_cast<std::uintptr_t>(bottom);
  if (here <= low || here - low > size) return;
  // A page below this frame stays: the calls that follow use it at once.
  const std::uintptr_t keep = (here & ~(page - 1)) - page;
  if (keep > low) madvise(bottom, keep - low, MADV_DONTNEED);
#endif
}

}  // namespace pennypost::imap
