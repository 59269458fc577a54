package dev.lacuna.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The most memory that this process has had resident, by Linux's account. */
final class PeakMemory {
  private PeakMemory() {}

  /** Makes the present the highest so far, and returns it in bytes. */
  static long restart() {
    try {
      Files.writeString(Path.of("/proc/self/clear_refs"), "5");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return read("VmRSS:");
  }

  /** The highest since {@link #restart}, in bytes. */
  static long highest() {
    return read("VmHWM:");
  }

  private static long read(String field) {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
        if (line.startsWith(field)) {
          return 1024 * Long.parseLong(line.replaceAll("\\D", ""));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    throw new IllegalStateException("/proc/self/status has no " + field);
  }
}
