package dev.lacuna.contract;

import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.OpenOptions;
import dev.lacuna.Tier;
import dev.lacuna.bindings.CudaProvider;
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
 * @param provider what opens it
 */
record Target(String name, OpenOptions options, BackendProvider provider) {
  /** The CUDA back end on the stand-in driver. */
  static final String CUDA_EMULATED = "cuda-emulated";

  /** The stand-in driver's library, which the build names. */
  static final String STAND_IN = System.getProperty("lacuna.test.cuda.driver", "");

  /** Every back end that must pass: one that cannot be opened fails its tests. */
  static final List<Target> REQUIRED =
      Arrays.stream(System.getProperty("lacuna.test.require", defaults()).split(","))
          .map(String::strip)
          .map(Target::named)
          .toList();

  private static String defaults() {
    String all = cpuHasAvx512() ? "reference,scalar,avx2,avx512" : "reference,scalar,avx2";
    if (Target.class.getResource("/dev/lacuna/natives/linux-x86_64/liblacuna_cuda.so") != null) {
      return all + "," + CUDA_EMULATED;
    }
    System.out.println(
        "contract: no " + CUDA_EMULATED + ": liblacuna_cuda.so was not built, which needs nvcc");
    return all;
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
      case "reference", "reference-f64", "cuda" -> of(name, Device.parse(name), Tier.BEST);
      case "scalar" -> of(name, Device.cpu(), Tier.SCALAR);
      case "avx2" -> of(name, Device.cpu(), Tier.AVX2);
      case "avx512" -> of(name, Device.cpu(), Tier.AVX512);
      case CUDA_EMULATED ->
          new Target(
              name, OpenOptions.DEFAULT.withDevice(Device.cuda(0)), new CudaProvider(STAND_IN));
      default ->
          throw new IllegalArgumentException(
              "lacuna.test.require names "
                  + name
                  + ", want reference, reference-f64, scalar, avx2, avx512, cuda-emulated or cuda");
    };
  }

  private static Target of(String name, Device device, Tier tier) {
    BackendProvider provider =
        Lacuna.providers().stream()
            .filter(p -> p.name().equals(device.backend()))
            .findFirst()
            .orElseThrow();
    return new Target(name, OpenOptions.DEFAULT.withDevice(device).withTier(tier), provider);
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

  /** The back ends that work on the host's own memory. */
  static List<Target> onHostMemory() {
    return REQUIRED.stream().filter(target -> !target.isDevice()).toList();
  }

  /** Whether it has memory of its own and works behind the caller's back. */
  boolean isDevice() {
    return options.device().backend().equals("cuda");
  }

  /** How the tensors of case {@code number} are to lie: in every way where that costs little. */
  List<Placement> placements(int number) {
    if (!isDevice()) {
      return List.of(Placement.values());
    }
    return List.of(number % 2 == 0 ? Placement.AFTER_GUARD : Placement.MISALIGNED);
  }

  /** What the stand-in driver has found wrong since the last time it was asked. */
  List<String> reports() {
    return name.equals(CUDA_EMULATED) ? StandIn.reports() : List.of();
  }

  Context open() {
    return new Context(provider, options);
  }

  Context open(int threads) {
    return new Context(provider, options.withThreads(threads));
  }

  /** The back end without the checks that a context makes. */
  Backend openUnchecked() {
    return provider.open(options);
  }

  /** A context, and its back end without the checks that the context makes. */
  record Bare(Context context, Backend backend) implements AutoCloseable {
    @Override
    public void close() {
      context.close();
    }
  }

  /** Opens a context whose back end can be had too. */
  Bare openBare() {
    List<Backend> opened = new ArrayList<>();
    BackendProvider keeping =
        provider.wrapping(backend -> {
          opened.add(backend);
          return backend;
        });
    Context context = new Context(keeping, options);
    return new Bare(context, opened.getFirst());
  }

  @Override
  public String toString() {
    return name;
  }
}
