package dev.lacuna.training.compare;

import dev.lacuna.training.progress.Progress;
import java.util.function.Supplier;

/**
 * Progress of one cell, shown as a part of the whole comparison's.
 *
 * @param progress for notes
 * @param bar the whole's, which is stepped and not closed
 * @param title what is trained
 * @param checkpoint called at each step; what it throws ends the cell
 */
record PartOfProgress(
    Progress progress, Progress.Task bar, Supplier<String> title, Runnable checkpoint)
    implements Progress {
  @Override
  public Task start(String name, long total) {
    return new Task() {
      @Override
      public void step(long n) {
        checkpoint.run();
        bar.step(n);
      }

      @Override
      public void message(String text) {
        bar.message(title.get() + ", " + text);
      }

      @Override
      public void close() {
        bar.message(title.get());
      }
    };
  }

  @Override
  public void note(String line) {
    progress.note(line);
  }
}
