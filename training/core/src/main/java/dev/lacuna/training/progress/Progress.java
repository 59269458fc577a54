package dev.lacuna.training.progress;

import java.io.Console;

/** Where long work tells how far it is. Safe for use by several threads. */
public interface Progress {
  /**
   * Begins a task.
   *
   * @param name what is done, in a few words
   * @param total number of steps
   */
  Task start(String name, long total);

  /** Says one line. */
  void note(String line);

  /** Work in progress; closing it ends its bar. */
  interface Task extends AutoCloseable {
    /** Counts n more steps as done. */
    void step(long n);

    /** A text beside the rate, such as the loss; it stays until the next one. */
    void message(String text);

    @Override
    void close();
  }

  /** Bars where standard error is a terminal, plain lines elsewhere. */
  @SuppressWarnings("SystemConsoleNull") // it is null without a terminal since JDK 25 again
  static Progress onStandardError() {
    Console console = System.console();
    return console != null && console.isTerminal()
        ? new TerminalProgress(System.err)
        : new PlainProgress(System.err);
  }
}
