package dev.lacuna.training.compare;

import dev.lacuna.training.progress.Progress;

/**
 * Progress of one cell, shown as a part of the whole comparison's.
 *
 * @param progress for notes
 * @param bar the whole's, which is stepped and not closed
 * @param title what is trained
 */
record PartOfProgress(Progress progress, Progress.Task bar, String title) implements Progress {
  @Override
  public Task start(String name, long total) {
    return new Task() {
      @Override
      public void step(long n) {
        bar.step(n);
      }

      @Override
      public void message(String text) {
        bar.message(title + ", " + text);
      }

      @Override
      public void close() {
        bar.message(title);
      }
    };
  }

  @Override
  public void note(String line) {
    progress.note(line);
  }
}
