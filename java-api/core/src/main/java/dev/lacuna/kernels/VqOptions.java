package dev.lacuna.kernels;

import java.util.Objects;

/**
 * How a {@link VqCodebook} learns. The defaults are those of CMG's official code (Xia et al.,
 * NeurIPS 2023), but for the initial count, which is 0 there: codes unused at the first step are
 * then divided by next to nothing and explode.
 *
 * @param decay of the moving averages, in [0, 1]; 0.99
 * @param smoothing what is smoothed
 * @param epsilon smooths counts, at least 0; 1e-5
 * @param update how the sums of several modalities are absorbed
 * @param initialCount count of every code at the start, at least 0; 1
 * @param reset what becomes of dead codes
 * @param seed of the random numbers
 * @param stream tells codebooks of one seed apart
 */
public record VqOptions(
    double decay,
    Smoothing smoothing,
    double epsilon,
    Update update,
    double initialCount,
    Reset reset,
    long seed,
    int stream) {
  /** What is done about counts near 0. */
  public enum Smoothing {
    /** Nothing; a code with count 0 stays. */
    NONE(0),
    /** (c + epsilon) / (sum c + k epsilon) sum c is what is stored: CMG's official code. */
    STORED(1),
    /** It is what the sums are divided by, and c is stored: vector-quantize-pytorch. */
    APPLIED(2);

    final int code;

    Smoothing(int code) {
      this.code = code;
    }
  }

  /** How the sums of several modalities are absorbed; equal but for rounding. */
  public enum Update {
    /** One modality after the other, as CMG does. */
    IN_TURN,
    /** All at once, with the decays multiplied out: less memory moved. */
    CLOSED_FORM
  }

  /**
   * What becomes of dead codes.
   *
   * @param after a code unused for more steps is dead; 300
   * @param recent a dead code becomes one that was used fewer steps ago, at most {@code after}; 100
   * @param noise amplitude of the uniform noise added to it, at least 0; 1/1024
   * @param count its count then, greater than 0; 1
   * @param replacesAverages whether its sum and count become those of the new code; where they
   *     stay, as in CMG's official code, the next update takes the old code back
   */
  public record Reset(int after, int recent, double noise, double count, boolean replacesAverages) {
    /** One that the next update does not undo. */
    public Reset(int after, int recent, double noise, double count) {
      this(after, recent, noise, count, true);
    }

    /** Checks ranges. */
    public Reset {
      require(after >= 0 && after < Integer.MAX_VALUE, "after", after, "[0, 2^31 - 1)");
      require(recent >= 0 && recent <= after, "recent", recent, "[0, after]");
      require(noise >= 0 && noise < Double.POSITIVE_INFINITY, "noise", noise, ">= 0");
      require(count > 0 && count < Double.POSITIVE_INFINITY, "count", count, "> 0");
    }
  }

  /** What CMG uses, with an initial count of 1. */
  public static final VqOptions DEFAULT =
      new VqOptions(
          0.99,
          Smoothing.STORED,
          1e-5,
          Update.CLOSED_FORM,
          1,
          new Reset(300, 100, 1.0 / 1024, 1),
          43,
          0);

  /**
   * As CMG's official code has it, faults included: counts start at 0 while sums start at the
   * codes, so that codes unused in the first step become huge (in a replica 800 times the data); a
   * dead code that is replaced comes back with the next update.
   */
  public static final VqOptions OFFICIAL =
      DEFAULT
          .withUpdate(Update.IN_TURN)
          .withInitialCount(0)
          .withReset(new Reset(300, 100, 1.0 / 1024, 1, false));

  /** Checks ranges. */
  public VqOptions {
    require(decay >= 0 && decay <= 1, "decay", decay, "[0, 1]");
    Objects.requireNonNull(smoothing, "smoothing");
    require(epsilon >= 0 && epsilon < Double.POSITIVE_INFINITY, "epsilon", epsilon, ">= 0");
    Objects.requireNonNull(update, "update");
    Objects.requireNonNull(reset, "reset");
    require(
        initialCount >= 0 && initialCount < Double.POSITIVE_INFINITY,
        "initialCount",
        initialCount,
        ">= 0");
  }

  private static void require(boolean holds, String name, double value, String wanted) {
    if (!holds) {
      throw new IllegalArgumentException(name + " is " + value + ", want " + wanted);
    }
  }

  /** With another decay. */
  public VqOptions withDecay(double other) {
    return new VqOptions(other, smoothing, epsilon, update, initialCount, reset, seed, stream);
  }

  /** With another smoothing of counts. */
  public VqOptions withSmoothing(Smoothing other, double by) {
    return new VqOptions(decay, other, by, update, initialCount, reset, seed, stream);
  }

  /** With another way to absorb several modalities. */
  public VqOptions withUpdate(Update other) {
    return new VqOptions(decay, smoothing, epsilon, other, initialCount, reset, seed, stream);
  }

  /** With another count of every code at the start. */
  public VqOptions withInitialCount(double other) {
    return new VqOptions(decay, smoothing, epsilon, update, other, reset, seed, stream);
  }

  /** With another rule for dead codes. */
  public VqOptions withReset(Reset other) {
    return new VqOptions(decay, smoothing, epsilon, update, initialCount, other, seed, stream);
  }

  /** With other random numbers. */
  public VqOptions withSeed(long other, int otherStream) {
    return new VqOptions(
        decay, smoothing, epsilon, update, initialCount, reset, other, otherStream);
  }
}
