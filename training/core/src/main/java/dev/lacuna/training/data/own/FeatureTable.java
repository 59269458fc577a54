package dev.lacuna.training.data.own;

import dev.lacuna.LacunaException;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.data.own.FeatureReader.Source;
import dev.lacuna.training.progress.Progress;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The features of samples, read by all processors at once. Beside the features, no more than a file
 * for each processor is in memory.
 *
 * @param kinds which kinds there are tables of
 * @param rows rows[k] are the features of kinds.get(k), not normalised
 * @param rowOf rowOf[k][i] is the row of sample i, or {@link Split#ABSENT}
 */
record FeatureTable(List<Kind> kinds, float[][][] rows, int[][] rowOf) {
  /**
   * Reads what samples have of some kinds.
   *
   * @throws LacunaException of the first sample that cannot be read
   */
  static FeatureTable read(
      List<Item> items, List<Kind> kinds, FeatureReader reader, Progress progress) {
    float[][][] rows = new float[kinds.size()][][];
    int[][] rowOf = new int[kinds.size()][items.size()];
    for (int k = 0; k < rows.length; k++) {
      Kind kind = kinds.get(k);
      int next = 0;
      for (int i = 0; i < items.size(); i++) {
        rowOf[k][i] = items.get(i).sources().containsKey(kind) ? next++ : Split.ABSENT;
      }
      rows[k] = new float[next][];
    }
    try (Progress.Task task = progress.start("reading samples", items.size())) {
      Optional<LacunaException> fault =
          IntStream.range(0, items.size())
              .parallel()
              .mapToObj(i -> {
                Optional<LacunaException> found = read(i, items.get(i), kinds, reader, rows, rowOf);
                task.step(1);
                return found;
              })
              .flatMap(Optional::stream)
              .findFirst();
      if (fault.isPresent()) {
        throw fault.get();
      }
    }
    return new FeatureTable(kinds, rows, rowOf);
  }

  /** A fault is handed on instead of thrown, so that of many it is always the first. */
  private static Optional<LacunaException> read(
      int i, Item item, List<Kind> kinds, FeatureReader reader, float[][][] rows, int[][] rowOf) {
    try {
      for (int k = 0; k < rows.length; k++) {
        Source source = item.sources().get(kinds.get(k));
        if (source != null) {
          rows[k][rowOf[k][i]] = source.read(reader);
        }
      }
      return Optional.empty();
    } catch (LacunaException e) {
      return Optional.of(e);
    }
  }

  /** Rows of the given samples, and {@link Split#ABSENT} where they have none. */
  int[][] rowsOf(int[] samples) {
    return Arrays.stream(rowOf)
        .map(rows -> Arrays.stream(samples).map(sample -> rows[sample]).toArray())
        .toArray(int[][]::new);
  }
}
