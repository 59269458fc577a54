package dev.lacuna.training.progress;

import java.io.PrintStream;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** Progress as bars with rate, time left and a message. */
public final class TerminalProgress implements Progress {
  private static final int WIDTH = 100;

  private final PrintStream out;

  /** Draws on a terminal. */
  public TerminalProgress(PrintStream out) {
    this.out = out;
  }

  @Override
  public Task start(String name, long total) {
    ProgressBar bar =
        new ProgressBarBuilder()
            .setTaskName(name)
            .setInitialMax(total)
            .setStyle(ProgressBarStyle.ASCII)
            .setUpdateIntervalMillis(200)
            .setConsumer(new ConsoleProgressBarConsumer(out, WIDTH))
            .showSpeed()
            .build();
    return new Task() {
      @Override
      public void step(long n) {
        bar.stepBy(n);
      }

      @Override
      public void message(String text) {
        bar.setExtraMessage(" " + text);
      }

      @Override
      public void close() {
        bar.close();
      }
    };
  }

  @Override
  public void note(String line) {
    out.println(line);
  }
}
