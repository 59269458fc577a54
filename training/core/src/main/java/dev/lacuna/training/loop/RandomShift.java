package dev.lacuna.training.loop;

import dev.lacuna.CounterRandom;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.data.Modality;
import java.util.Arrays;
import java.util.List;

/**
 * Training-time augmentation: a picture moved by up to so many rows and columns, its edge repeated.
 * For a spectrogram this is a shift in pitch and time. Tokens stay where they are.
 *
 * @param most most[m] is the largest shift of modality m each way, 0 for none
 * @param random draws for one step
 */
@SuppressWarnings("ArrayRecordComponent") // a setting of one step, never compared
public record RandomShift(int[] most, CounterRandom random) {
  /**
   * What a user gets who gives none: images, where there are some, move by up to 1, but not
   * features of images that have one row.
   */
  public static final String AUTO = "auto";

  /**
   * Reads {@code none}, {@code auto} or shifts such as {@code image=1,audio=2}; modalities that are
   * not named stay in place.
   *
   * @throws LacunaException saying what was given and what is wanted
   */
  public static int[] parse(String spec, List<String> modalities) {
    int[] most = new int[modalities.size()];
    if (spec.equals("none")) {
      return most;
    }
    if (spec.equals(AUTO)) {
      Arrays.setAll(most, m -> modalities.get(m).equals("image") ? 1 : 0);
      return most;
    }
    for (String part : spec.split(",", -1)) {
      int equals = part.indexOf('=');
      int modality = equals < 0 ? -1 : modalities.indexOf(part.substring(0, equals).strip());
      if (modality < 0 || !part.substring(equals + 1).strip().matches("[0-9]{1,3}")) {
        throw new LacunaException(
            Status.INVALID_ARGUMENT,
            "--shift: got '"
                + part
                + "'; want none, auto, or shifts such as "
                + modalities.getFirst()
                + "=1 (modalities: "
                + String.join(", ", modalities)
                + ")");
      }
      most[modality] = Integer.parseInt(part.substring(equals + 1).strip());
    }
    return most;
  }

  /**
   * Reads what {@link #parse} does, for modalities that are known.
   *
   * @throws LacunaException also where tokens would be shifted
   */
  static int[] of(String spec, List<Modality> modalities) {
    int[] most = parse(spec, modalities.stream().map(Modality::name).toList());
    for (int m = 0; m < most.length; m++) {
      if (spec.equals(AUTO) && modalities.get(m).height() == 1) {
        most[m] = 0;
      }
      if (most[m] > 0 && modalities.get(m).hasTokens()) {
        throw new LacunaException(
            Status.INVALID_ARGUMENT,
            "--shift: "
                + modalities.get(m).name()
                + " has tokens, which cannot be shifted; want 0 or no mention of it");
      }
    }
    return most;
  }

  /** No shift of any of so many modalities. */
  public static RandomShift none(int modalities) {
    return new RandomShift(new int[modalities], new CounterRandom(0, 0, 0));
  }

  /** Copies a feature into {@code target} at {@code start}, moved by the draws of {@code index}. */
  void copy(Modality table, int modality, float[] source, float[] target, int start, long index) {
    if (table.hasTokens()) {
      System.arraycopy(source, 0, target, start, table.size());
      return;
    }
    int h = table.height();
    int w = table.width();
    int range = 2 * most[modality] + 1;
    int down = random.below(2 * index, range) - most[modality];
    int right = random.below(2 * index + 1, range) - most[modality];
    for (int row = 0; row < table.channels() * h; row++) {
      int from = row / h * h + Math.clamp(row % h - down, 0, h - 1);
      for (int column = 0; column < w; column++) {
        target[start + row * w + column] = source[from * w + Math.clamp(column - right, 0, w - 1)];
      }
    }
  }
}
