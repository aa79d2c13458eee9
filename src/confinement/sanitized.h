// Whether this program is built with sanitizers, which no confinement leaves alive: they map
// terabytes for their shadow, look at memory through pipes and start processes when they report.
#pragma once

namespace polyak {

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define POLYAK_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define POLYAK_SANITIZED
#endif

#ifdef POLYAK_SANITIZED
inline constexpr bool kIsSanitized = true;
#else
inline constexpr bool kIsSanitized = false;
#endif
#undef POLYAK_SANITIZED

}  // namespace polyak
