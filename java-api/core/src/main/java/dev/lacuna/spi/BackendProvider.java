package dev.lacuna.spi;

import dev.lacuna.OpenOptions;
import java.util.function.UnaryOperator;

/** Makes back ends of one kind; found through {@link java.util.ServiceLoader}. */
public interface BackendProvider {
  /** Short name that users write: {@code reference}, {@code cpu}, {@code cuda}. */
  String name();

  /** Higher is preferred when the user does not choose; what is slow has none above 0. */
  int priority();

  /** Whether this provider works here; never throws. */
  Availability availability();

  /**
   * Whether it may be taken where the user does not choose, which may ask for more than to work:
   * that it has proved to compute rightly. Never throws.
   */
  default Availability automatic() {
    return availability();
  }

  /** Opens a back end, or throws {@link dev.lacuna.LacunaException} with the reason. */
  Backend open(OpenOptions options);

  /** This provider, whose back ends pass through a function when they are opened. */
  default BackendProvider wrapping(UnaryOperator<Backend> wrapper) {
    BackendProvider own = this;
    return new BackendProvider() {
      @Override
      public String name() {
        return own.name();
      }

      @Override
      public int priority() {
        return own.priority();
      }

      @Override
      public Availability availability() {
        return own.availability();
      }

      @Override
      public Availability automatic() {
        return own.automatic();
      }

      @Override
      public Backend open(OpenOptions options) {
        return wrapper.apply(own.open(options));
      }
    };
  }
}
