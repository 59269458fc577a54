#include "emulator/image.h"

#include <elf.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace lacuna::standin {
namespace {

constexpr cuda::DriverResult kInvalidImage = 200, kNoBinaryForGpu = 209, kInvalidPtx = 218,
                             kUnsupportedPtxVersion = 222;
constexpr Elf64_Half kMachineCuda = 190;
constexpr unsigned char kAbiOf13 = 8;  // the ELF ABI that toolkits write since CUDA 13

// The number behind the first `key`; minor only where it has one.
bool number_after(const char* text, const char* key, int& major, int& minor) {
  const char* line = std::strstr(text, key);
  return line && std::sscanf(line + std::strlen(key), "%d.%d", &major, &minor) >= 1;
}

cuda::DriverResult read_ptx(const char* text, int capability, int version, Image& image, std::string& log) {
  int major = 0, minor = 0, target = 0, ignored = 0;
  if (!number_after(text, "\n.version ", major, minor) || !number_after(text, "\n.target sm_", target, ignored)) {
    log = "no .version and .target";
    return kInvalidPtx;
  }
  // CUDA 11.0 reads PTX 7.0, 12.0 reads 8.0 and so on: a step of the language with each release.
  const int newest = 10 * (version / 1000 - 4) + version % 1000 / 10;
  if (10 * major + minor > newest) {
    log = "Unsupported .version " + std::to_string(major) + "." + std::to_string(minor);
    return kUnsupportedPtxVersion;
  }
  if (target > capability) {
    log = "PTX of sm_" + std::to_string(target) + " for a card of " + std::to_string(capability);
    return kNoBinaryForGpu;
  }
  const char kEntry[] = ".entry ";
  for (const char* at = std::strstr(text, kEntry); at; at = std::strstr(at, kEntry)) {
    at += sizeof kEntry - 1;
    image.kernels.emplace(at, std::strcspn(at, "( \n"));
  }
  return 0;
}

cuda::DriverResult read_cubin(const char* data, int major, int minor, int version, Image& image) {
  const auto& header = *reinterpret_cast<const Elf64_Ehdr*>(data);
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != kMachineCuda) return kInvalidImage;
  const bool today = header.e_ident[EI_ABIVERSION] >= kAbiOf13;
  if (today && version < 13000) return kInvalidImage;
  const int arch = static_cast<int>((today ? header.e_flags >> 8 : header.e_flags) & 0xff);
  if (arch / 10 != major || arch % 10 > minor) return kNoBinaryForGpu;
  const auto* sections = reinterpret_cast<const Elf64_Shdr*>(data + header.e_shoff);
  const char* names = data + sections[header.e_shstrndx].sh_offset;
  const char kText[] = ".text.";
  for (int i = 0; i < header.e_shnum; ++i) {
    const char* name = names + sections[i].sh_name;
    if (std::strncmp(name, kText, sizeof kText - 1) == 0) image.kernels.emplace(name + sizeof kText - 1);
  }
  return 0;
}

}  // namespace

cuda::DriverResult read_image(const void* data, int major, int minor, int version, Image& image, std::string& log) {
  const char* bytes = static_cast<const char*>(data);
  if (std::strncmp(bytes, ELFMAG, SELFMAG) == 0) return read_cubin(bytes, major, minor, version, image);
  return read_ptx(bytes, 10 * major + minor, version, image, log);
}

}  // namespace lacuna::standin
