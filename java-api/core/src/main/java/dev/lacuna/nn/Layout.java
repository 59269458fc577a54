package dev.lacuna.nn;

import dev.lacuna.io.Weights;
import java.util.Arrays;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** What the names and shapes of pretrained tensors say of the model that they belong to. */
final class Layout {
  private Layout() {}

  /**
   * Extents of a tensor that must have as many as are wanted, none of them 0.
   *
   * @param wanted what each is, for the message
   * @throws IllegalArgumentException naming the tensor and its shape
   */
  static int[] extents(Weights weights, String name, String... wanted) {
    long[] shape = weights.shape(name);
    boolean sizes = Arrays.stream(shape).allMatch(extent -> extent > 0 && extent == (int) extent);
    if (shape.length != wanted.length || !sizes) {
      throw new IllegalArgumentException(
          "tensor "
              + name
              + " is "
              + Arrays.toString(shape)
              + ", want "
              + Arrays.toString(wanted)
              + ", each >= 1");
    }
    return Arrays.stream(shape).mapToInt(extent -> (int) extent).toArray();
  }

  /**
   * The number of blocks by the last of them, so that a tensor missing in between is missed.
   *
   * @param prefix before a block's number
   */
  static int depth(Weights weights, String prefix) {
    // nine digits fit an int
    Pattern block = Pattern.compile("^" + Pattern.quote(prefix) + "(\\d{1,9})\\.");
    int last =
        weights.names().stream()
            .flatMap(name -> block.matcher(name).results())
            .map((MatchResult found) -> found.group(1))
            .mapToInt(Integer::parseInt)
            .max()
            .orElse(0);
    return last + 1;
  }
}
