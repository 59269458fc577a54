package dev.lacuna.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.DoubleConsumer;
import java.util.function.Supplier;

/**
 * What the rest of the machine computed meanwhile, by Linux's account: a timing beside others' work
 * says little.
 */
final class Bystanders {
  /** Share of a core from which a timing counts as disturbed. */
  static final double TOO_MUCH = 0.1;

  private static final int ATTEMPTS = 3;
  private static final double TICKS_PER_SECOND = 100;

  /** Linux counts in hundredths of a second: of less time a share means nothing. */
  private static final double LEAST_SECONDS = 0.5;

  private final long begin = System.nanoTime();
  private final long others = others();

  /**
   * Runs what is to be timed; what ran beside others' work runs again, and in the end the least
   * disturbed counts.
   *
   * @param told cores that others kept busy, where that was too much at every attempt
   */
  static <T> T undisturbed(Supplier<T> job, DoubleConsumer told) {
    Bystanders bystanders = new Bystanders();
    T best = job.get();
    double least = bystanders.cores();
    for (int attempt = 1; attempt < ATTEMPTS && least > TOO_MUCH; attempt++) {
      bystanders = new Bystanders();
      T again = job.get();
      double cores = bystanders.cores();
      if (cores < least) {
        best = again;
        least = cores;
      }
    }
    if (least > TOO_MUCH) {
      told.accept(least);
    }
    return best;
  }

  /** Cores that others kept busy since this was made. */
  double cores() {
    double seconds = 1e-9 * (System.nanoTime() - begin);
    return seconds < LEAST_SECONDS
        ? 0
        : Math.max(0, (others() - others) / TICKS_PER_SECOND / seconds);
  }

  private static long others() {
    try {
      String all = Files.readAllLines(Path.of("/proc/stat")).getFirst();
      return others(all, Files.readString(Path.of("/proc/self/stat")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Ticks of everybody, what the host took included, but for this process and its children. */
  static long others(String all, String self) {
    // cpu user nice system idle iowait irq softirq steal
    long[] total = Arrays.stream(all.split(" +")).skip(1).mapToLong(Long::parseLong).toArray();
    // after the name in parentheses: utime stime cutime cstime are the 12th to the 15th
    String[] own = self.substring(self.lastIndexOf(')') + 2).split(" ");
    long ours = Arrays.stream(own, 11, 15).mapToLong(Long::parseLong).sum();
    return total[0] + total[1] + total[2] + total[5] + total[6] + total[7] - ours;
  }
}
