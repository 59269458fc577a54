package dev.lacuna.nn;

import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.ops.RowsOp;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Which rows of a batch [b, n, width] a transformer works on: all of them, or those alone that may
 * be read. Layers take one row each, so padding goes through none of them; attention alone sees the
 * batch as it lies.
 */
final class TokenRows {
  private final int b;
  private final int n;
  private final @Nullable Tensor keyMask;

  /** Where the rows lie in the batch; null: all of it. */
  private final @Nullable Tensor places;

  /** Where each entry's first token lies among the rows. */
  private final Tensor first;

  private TokenRows(
      Tape tape, int b, int n, @Nullable Tensor keyMask, int @Nullable [] places, int[] first) {
    this.b = b;
    this.n = n;
    this.keyMask = keyMask;
    this.places = places == null ? null : tape.input(places, places.length);
    this.first = tape.input(first, b);
  }

  /** All rows; the mask says which may be read. */
  static TokenRows all(Tensor x, byte @Nullable [] mask) {
    int b = (int) x.size(0);
    int n = (int) x.size(1);
    Tensor keyMask = mask == null ? null : x.tape().input(mask, b, n);
    return new TokenRows(
        x.tape(), b, n, keyMask, null, IntStream.range(0, b).map(i -> i * n).toArray());
  }

  /** Rows that may be read; all of them where an entry's first token may not. */
  static TokenRows readable(Tensor x, byte @Nullable [] mask) {
    TokenRows all = all(x, mask);
    if (mask == null || IntStream.range(0, all.b).anyMatch(i -> mask[i * all.n] == 0)) {
      return all;
    }
    int[] places = IntStream.range(0, mask.length).filter(i -> mask[i] != 0).toArray();
    if (places.length == mask.length) {
      return all;
    }
    int[] first = IntStream.range(0, places.length).filter(i -> places[i] % all.n == 0).toArray();
    return new TokenRows(x.tape(), all.b, all.n, all.keyMask, places, first);
  }

  /** 1 where a token may be read, [b, n]; null: all may. */
  @Nullable Tensor keyMask() {
    return keyMask;
  }

  /** The rows, [1, rows, width], of [b, n, width]. */
  Tensor taken(Tensor x) {
    return places == null
        ? x
        : RowsOp.gatherRows(flat(x), places).reshape(1, places.count(), x.cols());
  }

  /** The batch, [b, n, width], of the rows; 0 where there is none. */
  Tensor placed(Tensor rows) {
    return places == null
        ? rows
        : RowsOp.scatterRows(flat(rows), places, (long) b * n).reshape(b, n, rows.cols());
  }

  /** Each entry's first token, [b, 1, width], of the rows. */
  Tensor first(Tensor rows) {
    return RowsOp.gatherRows(flat(rows), first).reshape(b, 1, rows.cols());
  }

  private static Tensor flat(Tensor x) {
    return x.reshape(x.rows(), x.cols());
  }
}
