package dev.lacuna.spi;

/** Another implementation of an op: a vendor's library for the same device, say. */
@FunctionalInterface
public interface OpOverride {
  /**
   * Runs a call that was checked, or leaves it to the back end. It is called by the thread that
   * uses the context and may run other ops on it, but not the same one: the call is only lent.
   *
   * @return whether the call was run
   */
  boolean run(OpCall call);
}
