package dev.lacuna.reference;

import dev.lacuna.DType;
import dev.lacuna.OpenOptions;
import dev.lacuna.spi.Availability;
import dev.lacuna.spi.Backend;
import dev.lacuna.spi.BackendProvider;
import java.util.List;

/** The back end that is always there. */
public final class ReferenceProvider implements BackendProvider {
  private final DType real;

  /** A provider of back ends with the given real type. */
  public ReferenceProvider(DType real) {
    this.real = real;
  }

  @Override
  public String name() {
    return real == DType.F64 ? "reference-f64" : "reference";
  }

  @Override
  public int priority() {
    return real == DType.F64 ? -1 : 0;
  }

  @Override
  public Availability availability() {
    return new Availability(true, "pure Java, always there, slow", List.of());
  }

  @Override
  public Backend open(OpenOptions options) {
    return new ReferenceBackend(real);
  }
}
