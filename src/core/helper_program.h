// The program that runs the HDF5 library for us: which one it is, and how it is started.
#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>
#include <utility>

namespace polyak {

class ProgramStarter;  // confinement/program_starter.h

// Whether a process gives up what it doesn't need before it reads a file.
enum class Sandbox : std::uint8_t {
  kOff,
  kOn,       // as far as the kernel can
  kRequire,  // or it refuses to work
};

// "off", "on", "require"
constexpr std::string_view NameOf(Sandbox sandbox) noexcept {
  return sandbox == Sandbox::kOff ? "off" : sandbox == Sandbox::kOn ? "on" : "require";
}

struct HelperProgram {
  HelperProgram() = default;
  // What most callers say of it: nothing but its path.
  template <std::convertible_to<std::filesystem::path> Path>
  HelperProgram(Path&& given) : path(std::forward<Path>(given)) {}  // NOLINT

  std::filesystem::path path;  // empty: beside the running program, or in its ../libexec/polyak
  Sandbox sandbox = Sandbox::kOn;
  // Starts it where this process can't any more; null: whoever needs it starts it.
  std::shared_ptr<ProgramStarter> starter;
};

}  // namespace polyak
