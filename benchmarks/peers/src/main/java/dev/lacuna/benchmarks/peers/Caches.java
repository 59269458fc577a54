package dev.lacuna.benchmarks.peers;

import java.nio.file.Path;

/** Where libraries are unpacked to: in the build's own folder, and nowhere in the user's home. */
final class Caches {
  private Caches() {}

  static Path folder(String name) {
    return Path.of(System.getProperty("lacuna.home", "."), "benchmarks", "peers", "target", name)
        .toAbsolutePath();
  }
}
