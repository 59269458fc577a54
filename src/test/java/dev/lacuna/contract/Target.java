package dev.lacuna.contract;

import dev.lacuna.Context;
import dev.lacuna.Lacuna;
import dev.lacuna.OpenOptions;
import dev.lacuna.Tier;
import dev.lacuna.spi.Backend;
import dev.lacuna.spi.BackendProvider;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A back end under test.
 *
 * @param name as in {@code lacuna.test.require}
 * @param options how to open it
 */
record Target(String name, OpenOptions options) {
  /** Every back end that must pass: one that cannot be opened fails its tests. */
  static final List<Target> REQUIRED =
      Arrays.stream(System.getProperty("lacuna.test.require", defaults()).split(","))
          .map(String::strip)
          .map(Target::named)
          .toList();

  private static String defaults() {
    return cpuHasAvx512() ? "reference,scalar,avx2,avx512" : "reference,scalar,avx2";
  }

  private static boolean cpuHasAvx512() {
    try (var lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      String flags = lines.filter(line -> line.startsWith("flags")).findFirst().orElse("") + " ";
      return List.of(" avx512f ", " avx512vl ", " avx512dq ", " avx512bw ").stream()
          .allMatch(flags::contains);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Target named(String name) {
    return switch (name) {
      case "reference", "reference-f64" -> new Target(name, OpenOptions.DEFAULT.withBackend(name));
      case "scalar" -> cpu(name, Tier.SCALAR);
      case "avx2" -> cpu(name, Tier.AVX2);
      case "avx512" -> cpu(name, Tier.AVX512);
      default ->
          throw new IllegalArgumentException(
              "lacuna.test.require names "
                  + name
                  + ", want reference, reference-f64, scalar, avx2 or avx512");
    };
  }

  private static Target cpu(String name, Tier tier) {
    return new Target(name, OpenOptions.DEFAULT.withBackend("cpu").withTier(tier));
  }

  /** The specification. */
  static Target doubleReference() {
    return named("reference-f64");
  }

  /** The same maths done naively in float. */
  static Target floatReference() {
    return named("reference");
  }

  /** The back ends that are not written in Java. */
  static List<Target> natives() {
    List<Target> natives = new ArrayList<>(REQUIRED);
    natives.removeIf(target -> target.name.startsWith("reference"));
    return natives;
  }

  Context open() {
    return Lacuna.open(options);
  }

  Context open(int threads) {
    return Lacuna.open(options.withThreads(threads));
  }

  /** The back end without the checks that a context makes. */
  Backend openUnchecked() {
    for (BackendProvider provider : Lacuna.providers()) {
      if (provider.name().equals(options.backend())) {
        return provider.open(options);
      }
    }
    throw new IllegalStateException("no provider " + options.backend());
  }

  @Override
  public String toString() {
    return name;
  }
}
