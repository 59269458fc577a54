package dev.lacuna.kernels;

/**
 * How a {@link VqCodebook} learns. The defaults are those of CMG's official code (Xia et al.,
 * NeurIPS 2023), but for the initial count, which is 0 there: codes unused at the first step are
 * then divided by next to nothing and explode.
 *
 * @param decay of the moving averages, in [0, 1]; 0.99
 * @param epsilon smooths counts, at least 0; 1e-5
 * @param smoothing what is smoothed
 * @param update how the sums of several modalities are absorbed
 * @param initialCount count of every code at the start, at least 0; 1
 * @param after a code unused for more steps is dead; 300
 * @param recent a dead code becomes one that was used fewer steps ago, at most {@code after}; 100
 * @param noise amplitude of the uniform noise added to it, at least 0; 1/1024
 * @param resetCount its count then, greater than 0; 1
 * @param seed of the random numbers
 * @param stream tells codebooks of one seed apart
 */
public record VqOptions(
    double decay,
    double epsilon,
    Smoothing smoothing,
    Update update,
    double initialCount,
    int after,
    int recent,
    double noise,
    double resetCount,
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

  /** What CMG uses, with an initial count of 1. */
  public static final VqOptions DEFAULT =
      new VqOptions(
          0.99, 1e-5, Smoothing.STORED, Update.CLOSED_FORM, 1, 300, 100, 1.0 / 1024, 1, 43, 0);

  /** Checks ranges. */
  public VqOptions {
    require(decay >= 0 && decay <= 1, "decay", decay, "[0, 1]");
    require(epsilon >= 0 && epsilon < Double.POSITIVE_INFINITY, "epsilon", epsilon, ">= 0");
    require(
        initialCount >= 0 && initialCount < Double.POSITIVE_INFINITY,
        "initialCount",
        initialCount,
        ">= 0");
    require(after >= 0 && after < Integer.MAX_VALUE, "after", after, "[0, 2^31 - 1)");
    require(recent >= 0 && recent <= after, "recent", recent, "[0, after]");
    require(noise >= 0 && noise < Double.POSITIVE_INFINITY, "noise", noise, ">= 0");
    require(
        resetCount > 0 && resetCount < Double.POSITIVE_INFINITY, "resetCount", resetCount, "> 0");
  }

  private static void require(boolean holds, String name, double value, String wanted) {
    if (!holds) {
      throw new IllegalArgumentException(name + " is " + value + ", want " + wanted);
    }
  }

  /** With another decay. */
  public VqOptions withDecay(double other) {
    return new VqOptions(
        other,
        epsilon,
        smoothing,
        update,
        initialCount,
        after,
        recent,
        noise,
        resetCount,
        seed,
        stream);
  }

  /** With another smoothing of counts. */
  public VqOptions withSmoothing(Smoothing other, double otherEpsilon) {
    return new VqOptions(
        decay,
        otherEpsilon,
        other,
        update,
        initialCount,
        after,
        recent,
        noise,
        resetCount,
        seed,
        stream);
  }

  /** With another way to absorb several modalities. */
  public VqOptions withUpdate(Update other) {
    return new VqOptions(
        decay,
        epsilon,
        smoothing,
        other,
        initialCount,
        after,
        recent,
        noise,
        resetCount,
        seed,
        stream);
  }

  /** With another count of every code at the start. */
  public VqOptions withInitialCount(double other) {
    return new VqOptions(
        decay, epsilon, smoothing, update, other, after, recent, noise, resetCount, seed, stream);
  }

  /** With another rule for dead codes. */
  public VqOptions withReset(int otherAfter, int otherRecent, double otherNoise, double count) {
    return new VqOptions(
        decay,
        epsilon,
        smoothing,
        update,
        initialCount,
        otherAfter,
        otherRecent,
        otherNoise,
        count,
        seed,
        stream);
  }

  /** With other random numbers. */
  public VqOptions withSeed(long otherSeed, int otherStream) {
    return new VqOptions(
        decay,
        epsilon,
        smoothing,
        update,
        initialCount,
        after,
        recent,
        noise,
        resetCount,
        otherSeed,
        otherStream);
  }
}
