package dev.lacuna.nn;

import dev.lacuna.io.Weights;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
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
   * The number of a model's blocks, each of which must have weight and bias of all its parts, and
   * nothing else: what a block has beside them would be left out of its outputs.
   *
   * @param prefix before a block's number
   * @param parts such as {@code mlp.fc1}
   * @param layout what they make up, for the message
   * @throws RuntimeException naming a tensor that is missing
   * @throws IllegalArgumentException naming a tensor that is none of these
   */
  static int blocks(Weights weights, String prefix, List<String> parts, String layout) {
    int depth = depth(weights, prefix);
    Set<String> wanted = new HashSet<>();
    for (int block = 0; block < depth; block++) {
      for (String part : parts) {
        for (String kind : List.of(".weight", ".bias")) {
          String name = prefix + block + "." + part + kind;
          weights.shape(name);
          wanted.add(name);
        }
      }
    }
    for (String name : weights.names()) {
      if (name.startsWith(prefix) && !wanted.contains(name)) {
        throw foreign(name, layout + ": blocks of " + String.join(", ", parts));
      }
    }
    return depth;
  }

  /** A tensor that shows another layout. */
  static IllegalArgumentException foreign(String name, String layout) {
    return new IllegalArgumentException("tensor " + name + " is not of " + layout);
  }

  /** By the last block, so that one missing before it is missed. */
  private static int depth(Weights weights, String prefix) {
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
