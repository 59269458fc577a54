package dev.lacuna.training.data;

import dev.lacuna.CounterRandom;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.multimodal.Presence;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Which share of the samples loses a modality: the value of {@code --missing}.
 *
 * @param modalities names of the modalities
 * @param any share that loses exactly one modality, drawn uniformly
 * @param each each.get(m) is the share that loses modality m; shares exclude one another
 * @param overall share of all cells of the table that are taken away, whichever samples they belong
 *     to, as in MLA's experiments on IEMOCAP; alone, without the others
 */
public record MissingRates(List<String> modalities, double any, List<Double> each, double overall) {
  private static final String OVERALL = "overall";

  /** Checks the shares. */
  public MissingRates {
    modalities = List.copyOf(modalities);
    each = List.copyOf(each);
    if (each.size() != modalities.size()) {
      throw bad(each.size() + " shares", modalities);
    }
    BigDecimal sum = BigDecimal.ZERO;
    for (double share : each) {
      sum = sum.add(decimal(share, modalities));
    }
    if (sum.add(decimal(any, modalities)).compareTo(BigDecimal.ONE) > 0) {
      throw bad("shares that add up to " + sum.toPlainString() + ", more than 1", modalities);
    }
    if (decimal(overall, modalities).signum() > 0 && (any > 0 || sum.signum() > 0)) {
      throw bad(OVERALL + " together with other shares", modalities);
    }
    if (modalities.size() == 1 && (any > 0 || sum.signum() > 0 || overall > 0)) {
      throw bad("a share of samples that would lose their only modality", modalities);
    }
  }

  /** A share of the samples that loses exactly one modality, drawn uniformly. */
  public static MissingRates one(double share, List<String> modalities) {
    return new MissingRates(modalities, share, Collections.nCopies(modalities.size(), 0.0), 0);
  }

  /**
   * Reads {@code none}, a rate such as {@code 0.5}, shares such as {@code image=0.3,audio=0.2}, or
   * {@code overall=0.5}.
   *
   * @throws LacunaException saying what was given and what is wanted
   */
  public static MissingRates parse(String spec, List<String> modalities) {
    if (spec.equals("none")) {
      return one(0, modalities);
    }
    if (!spec.contains("=")) {
      return one(number(spec, modalities), modalities);
    }
    List<Double> each = new ArrayList<>(Collections.nCopies(modalities.size(), 0.0));
    if (spec.startsWith(OVERALL + "=")) {
      double overall = number(spec.substring(OVERALL.length() + 1), modalities);
      return new MissingRates(modalities, 0, each, overall);
    }
    for (String part : spec.split(",", -1)) {
      String[] sides = part.split("=", -1);
      int modality = modalities.indexOf(sides[0].strip());
      if (sides.length != 2) {
        throw bad("'" + part + "'", modalities);
      }
      if (modality < 0) {
        throw bad("unknown modality '" + sides[0] + "'", modalities);
      }
      if (each.get(modality) != 0) {
        throw bad(sides[0] + " twice", modalities);
      }
      each.set(modality, number(sides[1], modalities));
    }
    return new MissingRates(modalities, 0, each, 0);
  }

  /**
   * Takes modalities away: of the n samples that have all, floor(n * sum of the shares) are drawn
   * without replacement, and each modality is lost by n times its share of them, within one sample:
   * the first of them by exactly floor(n * share). Samples that lack one already are left as they
   * are.
   *
   * <p>With {@code overall} each of the n samples first keeps one modality, drawn uniformly; then
   * cells drawn among the rest are filled until (1 - overall) * n * modalities are, rounded; where
   * that is n or fewer, every sample keeps exactly the one.
   *
   * @param available what the data has
   * @param random one of its own for each split
   */
  public Presence draw(Presence available, CounterRandom random) {
    int width = modalities.size();
    byte[] table = available.toBytes();
    int[] complete =
        IntStream.range(0, available.samples())
            .filter(s -> IntStream.range(0, width).allMatch(m -> available.present(s, m)))
            .toArray();
    if (overall > 0) {
      thin(table, complete, random);
      return new Presence(available.samples(), width, table);
    }
    int[] order = random.permutation(complete.length);
    int next = 0;
    BigDecimal shares = BigDecimal.ZERO;
    for (int modality = 0; modality < width; modality++) {
      shares = shares.add(BigDecimal.valueOf(each.get(modality)));
      for (int end = count(shares, complete.length); next < end; next++) {
        table[complete[order[next]] * width + modality] = 0;
      }
    }
    shares = shares.add(BigDecimal.valueOf(any));
    for (int end = count(shares, complete.length); next < end; next++) {
      int sample = complete[order[next]];
      // the permutation has used the draws below its length
      table[sample * width + random.below(complete.length + (long) sample, width)] = 0;
    }
    return new Presence(available.samples(), width, table);
  }

  private void thin(byte[] table, int[] complete, CounterRandom random) {
    int others = modalities.size() - 1;
    int cells = Math.multiplyExact(complete.length, others);
    int filled =
        BigDecimal.ONE
            .subtract(BigDecimal.valueOf(overall))
            .multiply(BigDecimal.valueOf((long) complete.length * modalities.size()))
            .setScale(0, RoundingMode.HALF_UP)
            .intValueExact();
    int[] order = random.permutation(cells);
    for (int i = Math.max(0, filled - complete.length); i < cells; i++) {
      int sample = order[i] / others;
      // the permutation has used the draws below its length
      int kept = random.below(cells + (long) sample, modalities.size());
      int modality = (kept + 1 + order[i] % others) % modalities.size();
      table[complete[sample] * modalities.size() + modality] = 0;
    }
  }

  /** In decimal, since 0.29 * 100 is below 29 in binary. */
  private static int count(BigDecimal share, int samples) {
    return share.multiply(BigDecimal.valueOf(samples)).intValue();
  }

  private static double number(String text, List<String> modalities) {
    try {
      return Double.parseDouble(text.strip());
    } catch (NumberFormatException e) {
      throw bad("'" + text + "', which is not a number", modalities);
    }
  }

  private static BigDecimal decimal(double share, List<String> modalities) {
    if (!(share >= 0 && share <= 1)) {
      throw bad("the share " + share + ", outside 0 to 1", modalities);
    }
    return BigDecimal.valueOf(share);
  }

  private static LacunaException bad(String given, List<String> modalities) {
    return new LacunaException(
        Status.INVALID_ARGUMENT,
        "--missing: got "
            + given
            + "; want none, a rate from 0 to 1 such as 0.5, shares such as "
            + modalities.getFirst()
            + "=0.3 that add up to at most 1, or overall=0.5 (modalities: "
            + String.join(", ", modalities)
            + ")");
  }
}
