package dev.lacuna.bindings;

import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.LacunaException;
import dev.lacuna.OpenOptions;
import dev.lacuna.Status;
import dev.lacuna.bindings.SelfTestRecord.Outcome;
import dev.lacuna.spi.Availability;
import dev.lacuna.spi.Backend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The CUDA back end: hand-written kernels for NVIDIA GPUs. It is chosen automatically only where a
 * self-test on that GPU with that driver and that library has passed.
 */
public final class CudaProvider extends NativeProvider {
  /** Property: another library in place of libcuda.so.1. */
  static final String DRIVER = "lacuna.cuda.driver";

  /** The same as environment variable; the property goes first. */
  static final String DRIVER_VARIABLE = "LACUNA_CUDA_DRIVER";

  /** Where Linux tells the version of the kernel's part of the driver. */
  private static final Path KERNEL_DRIVER = Path.of("/proc/driver/nvidia/version");

  /** How long another process may take for the self-test: many times what it does take. */
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private final String driver;
  private @Nullable Availability automatic;

  /** For {@link java.util.ServiceLoader}. */
  public CudaProvider() {
    this(System.getProperty(DRIVER, System.getenv().getOrDefault(DRIVER_VARIABLE, "")));
  }

  /**
   * A provider on a driver.
   *
   * @param driver a library in place of libcuda.so.1, "" for that one
   */
  public CudaProvider(String driver) {
    this.driver = driver;
  }

  @Override
  public String name() {
    return "cuda";
  }

  @Override
  public int priority() {
    return 20;
  }

  @Override
  String file() {
    return "liblacuna_cuda.so";
  }

  @Override
  void prepare(NativeFiles files) {}

  @Override
  Backend open(NativeLibrary loaded, OpenOptions options) {
    return new NativeBackend(
        name(),
        loaded,
        NativeBackend.MemoryKind.DEVICE,
        loaded.open(0, 0, options.device().index(), driver));
  }

  @Override
  public synchronized Availability automatic() {
    Availability known = availability();
    if (known.usable() && automatic == null) {
      automatic = tested(known.tried());
    }
    return known.usable() && automatic != null ? automatic : known;
  }

  private Availability tested(List<String> tried) {
    try (Context context = new Context(this, OpenOptions.DEFAULT.withDevice(Device.cuda(0)))) {
      String key = key(context.describe());
      IOException failure = null;
      for (Path root : NativeFiles.roots()) {
        try {
          Outcome outcome = SelfTestRecord.once(root, key, PATIENCE, () -> wrong(context));
          return new Availability(outcome.passed(), outcome.text(), tried);
        } catch (IOException e) {
          failure = e;
        }
      }
      return new Availability(
          false, "the outcome of a self-test cannot be kept: " + failure, tried);
    } catch (LacunaException e) {
      return new Availability(false, "self-test not finished: " + e.getMessage(), tried);
    }
  }

  /**
   * What a GPU computes wrongly; that there was no room or no context is no verdict, and thrown.
   */
  private static String wrong(Context context) {
    try {
      return SelfTest.run(context);
    } catch (LacunaException e) {
      if (e.status() == Status.OUT_OF_MEMORY || e.status() == Status.UNSUPPORTED) {
        throw e;
      }
      return e.getMessage() == null ? e.toString() : e.getMessage();
    }
  }

  /** GPU, driver and library, as lines. */
  private String key(String facts) {
    try {
      StringBuilder key = new StringBuilder();
      for (String fact : facts.split(";", -1)) {
        if (fact.matches("(name|compute|driver)=.*")) {
          key.append(fact).append('\n');
        }
      }
      if (Files.isReadable(KERNEL_DRIVER)) {
        key.append(Files.readString(KERNEL_DRIVER).lines().findFirst().orElse("")).append('\n');
      }
      if (Files.isRegularFile(Path.of(driver))) {
        key.append(driver).append(' ').append(NativeFiles.digest(Path.of(driver))).append('\n');
      }
      return key.append(NativeFiles.digest(loadedFile())).append('\n').toString();
    } catch (IOException e) {
      throw new LacunaException(Status.INTERNAL, "cannot read " + e.getMessage(), e);
    }
  }
}
