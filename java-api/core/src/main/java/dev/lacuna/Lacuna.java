package dev.lacuna;

import dev.lacuna.reference.ReferenceProvider;
import dev.lacuna.spi.Availability;
import dev.lacuna.spi.BackendProvider;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;

/** Where everything begins: finds back ends and opens contexts on them. */
public final class Lacuna {
  private static final System.Logger LOG = System.getLogger("dev.lacuna");

  private Lacuna() {}

  /** Opens the best usable device and says which in one log line. */
  public static Context open() {
    return open(OpenOptions.DEFAULT);
  }

  /** Opens a device with all cores. */
  public static Context open(Device device) {
    return open(OpenOptions.DEFAULT.withDevice(device));
  }

  /**
   * Opens a device. With {@link Device#AUTO} the best one that works is taken, a GPU only after a
   * self-test; what was passed over and why stands in the same log line. A named one that does not
   * work is an error with its reason.
   */
  public static Context open(OpenOptions options) {
    if (!options.device().equals(Device.AUTO)) {
      return new Context(provider(options.device().backend()), options);
    }
    StringBuilder passedOver = new StringBuilder();
    for (BackendProvider provider : providers()) {
      Availability availability = provider.automatic();
      String reason = availability.reason();
      if (availability.usable()) {
        try {
          Context context = new Context(provider, options);
          Level level = provider.priority() > 0 ? Level.INFO : Level.WARNING; // else it is slow
          LOG.log(
              level,
              "back end " + context.backend() + " (" + context.describe() + ")" + passedOver);
          return context;
        } catch (LacunaException e) {
          if (e.status() == Status.INVALID_ARGUMENT) {
            throw e;
          }
          reason = e.getMessage();
        }
      }
      passedOver.append("; not ").append(provider.name()).append(": ").append(reason);
    }
    throw new LacunaException(Status.UNSUPPORTED, "no back end works here" + passedOver);
  }

  /** Every known provider, best first. */
  public static List<BackendProvider> providers() {
    List<BackendProvider> providers = new ArrayList<>();
    ServiceLoader.load(BackendProvider.class, Lacuna.class.getClassLoader())
        .forEach(providers::add);
    providers.add(new ReferenceProvider(DType.F32));
    providers.add(new ReferenceProvider(DType.F64));
    providers.sort(Comparator.comparingInt(BackendProvider::priority).reversed());
    return providers;
  }

  /** The provider of that name; one that does not work is an error with its reason. */
  public static BackendProvider provider(String name) {
    List<BackendProvider> providers = providers();
    for (BackendProvider provider : providers) {
      if (provider.name().equals(name)) {
        Availability availability = provider.availability();
        if (!availability.usable()) {
          throw new LacunaException(
              Status.UNSUPPORTED, "back end " + name + " cannot be used: " + availability.reason());
        }
        return provider;
      }
    }
    throw new IllegalArgumentException(
        "device is "
            + name
            + ", want auto or one of "
            + providers.stream().map(BackendProvider::name).toList());
  }
}
