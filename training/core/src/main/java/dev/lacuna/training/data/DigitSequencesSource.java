package dev.lacuna.training.data;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.data.own.FeatureOptions;
import dev.lacuna.training.progress.Progress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Paired sequences of digits as a source of samples: images, spoken digits and number words say the
 * same digits step by step, each in its own style; 10 classes of steps and of sequences.
 *
 * <p>Image is [steps, 28, 28], audio [steps, 32, 32] and text [steps, 1, 512], of avMNIST's images,
 * clips and words, and split as they are.
 *
 * @param train training sequences
 * @param validation validation sequences
 * @param test test sequences
 * @param steps digits of a sequence, 1 to 100
 * @param seed of the choice of digits, images, clips and words
 * @param modalities some of {@link #ALL_MODALITIES}, in that order
 */
public record DigitSequencesSource(
    int train, int validation, int test, int steps, long seed, List<String> modalities)
    implements DataSource {
  /** Its name on the command line and in metrics.json. */
  public static final String NAME = "digits";

  /** Names of all modalities there are, in the order of the tables. */
  public static final List<String> ALL_MODALITIES =
      List.of(DigitSequences.IMAGE, DigitSequences.AUDIO, DigitSequences.TEXT);

  /** Names of the modalities where no others are asked for. */
  public static final List<String> MODALITIES = List.of(DigitSequences.IMAGE, DigitSequences.AUDIO);

  /** What a user gets who asks for nothing else: 4,000, 500 and 1,000 sequences of 10 digits. */
  public static final DigitSequencesSource DEFAULT =
      new DigitSequencesSource(4_000, 500, 1_000, 10, 0, MODALITIES);

  private static final int MOST_STEPS = 100;

  /** Checks sizes, steps and modalities. */
  public DigitSequencesSource {
    modalities = List.copyOf(modalities);
    new Extent(train, validation, test, modalities).check(NAME, ALL_MODALITIES);
    if (steps < 1 || steps > MOST_STEPS) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT, "steps of digits are " + steps + ", want 1 to " + MOST_STEPS);
    }
  }

  @Override
  public Optional<List<String>> knownModalities() {
    return Optional.of(modalities);
  }

  @Override
  public MultimodalData load(Path folder, Progress progress) {
    return DigitSequences.load(this, folder, progress);
  }

  /** No file of a user's own becomes a sequence of digits. */
  @Override
  public FeatureOptions features(MultimodalData loaded) {
    return FeatureOptions.DEFAULT;
  }
}
