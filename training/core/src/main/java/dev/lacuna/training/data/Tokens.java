package dev.lacuna.training.data;

/** How a text becomes token ids; for several threads at once. */
public interface Tokens extends AutoCloseable {
  /** Ids of a text, what begins and ends a text among them, each from 1 to vocabulary() - 1. */
  int[] ids(String text);

  /** Number of ids, {@link Modality#PAD} among them. */
  int vocabulary();

  /**
   * A text as a row of a {@link Modality} of tokens: its ids and {@link Modality#PAD} behind them.
   * Of a text that is too long the first ids are kept and the last, which ends it.
   *
   * @param length values of the row
   */
  default float[] row(String text, int length) {
    int[] ids = ids(text);
    float[] row = new float[length];
    for (int i = 0; i < Math.min(ids.length, length); i++) {
      row[i] = ids[i];
    }
    if (ids.length > length) {
      row[length - 1] = ids[ids.length - 1];
    }
    return row;
  }

  /** Gives back what is not the garbage collector's, where there is such. */
  @Override
  default void close() {}
}
