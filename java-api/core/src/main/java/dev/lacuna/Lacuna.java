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

  /** Opens the best usable back end and says which in one log line. */
  public static Context open() {
    return open(OpenOptions.DEFAULT);
  }

  /**
   * Opens a back end. With {@code auto} the best one that works is taken; what was passed over and
   * why stands in the same log line. A named one that does not work is an error with its reason.
   */
  public static Context open(OpenOptions options) {
    List<BackendProvider> providers = providers();
    if (!options.backend().equals("auto")) {
      return new Context(named(providers, options.backend()), options);
    }
    StringBuilder passedOver = new StringBuilder();
    for (BackendProvider provider : providers) {
      Availability availability = provider.availability();
      String reason = availability.reason();
      if (availability.usable()) {
        try {
          Context context = new Context(provider, options);
          Level level = passedOver.isEmpty() ? Level.INFO : Level.WARNING;
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

  private static BackendProvider named(List<BackendProvider> providers, String name) {
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
        "back end is "
            + name
            + ", want auto or one of "
            + providers.stream().map(BackendProvider::name).toList());
  }
}
