package dev.lacuna.training.cli;

/** Does something where the program is ended from outside, as by Ctrl-C, which closes nothing. */
final class WhenStopped implements AutoCloseable {
  private final Thread hook;

  WhenStopped(Runnable action) {
    hook = new Thread(action);
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /** Does it no more. */
  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // it is running
    }
  }
}
