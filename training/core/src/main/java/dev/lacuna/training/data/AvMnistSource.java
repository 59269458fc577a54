package dev.lacuna.training.data;

import dev.lacuna.training.progress.Progress;
import java.nio.file.Path;
import java.util.List;

/**
 * avMNIST as a source of samples.
 *
 * @param train training pairs
 * @param validation validation pairs
 * @param test test pairs
 * @param seed of the choice of images, clips and words
 * @param modalities some of {@link AvMnist#ALL_MODALITIES}, in that order
 */
public record AvMnistSource(int train, int validation, int test, long seed, List<String> modalities)
    implements DataSource {
  /** Its name on the command line and in metrics.json. */
  public static final String NAME = "avmnist";

  /** Checks sizes and modalities. */
  public AvMnistSource {
    modalities = List.copyOf(modalities);
    AvMnist.Options.check(train, validation, test, modalities);
  }

  @Override
  public MultimodalData load(Path folder, Progress progress) {
    return AvMnist.prepare(
        new AvMnist.Options(folder, HumanClips.STANDARD, train, validation, test, seed, modalities),
        progress);
  }
}
