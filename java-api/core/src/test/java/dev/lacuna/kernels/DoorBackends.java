package dev.lacuna.kernels;

import java.util.stream.Stream;

/** The back ends that the doors are tested on. */
final class DoorBackends {
  private DoorBackends() {}

  /** Those of {@code -Dlacuna.doors=a,b}, as where natives are at hand, else the references. */
  static Stream<String> names() {
    return Stream.of(System.getProperty("lacuna.doors", "reference,reference-f64").split(",", -1));
  }
}
