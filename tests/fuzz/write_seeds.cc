// write_seeds FOLDER: the seed models as files, the corpus that the fuzzer begins with.
#include <filesystem>
#include <string>

#include "fuzz/seed_models.h"
#include "support/files.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::filesystem::path folder = argv[1];
  std::filesystem::create_directories(folder);
  int number = 0;
  for (const std::string& seed : polyak::test::SeedModels()) {
    polyak::test::WriteFile(folder / ("seed" + std::to_string(number++) + ".onnx"), seed);
  }
  return 0;
}
