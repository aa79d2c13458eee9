#include "sandbox.h"

#include <string>

#include "messages.h"

namespace polyak::command {
namespace {

Sandbox SandboxOf(const PassOptions& options) {
  for (const Sandbox sandbox : {Sandbox::kOff, Sandbox::kRequire}) {
    if (options.sandbox == NameOf(sandbox)) return sandbox;
  }
  return Sandbox::kOn;
}

}  // namespace

void EnterSandbox(const PassOptions& options, const RunFiles& files, bool verbose,
                  std::ostream& err, HelperProgram& helper) {
  helper.sandbox = SandboxOf(options);
  const std::string absent = ConfineToRun(files, helper);
  if (absent.empty() || !verbose) return;
  PrintNote(err, "there is no " + absent + " here: polyak is not confined by it");
}

}  // namespace polyak::command
