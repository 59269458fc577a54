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
 * @param seed of the choice of images and clips
 */
public record AvMnistSource(int train, int validation, int test, long seed) implements DataSource {
  /** Its name on the command line and in metrics.json. */
  public static final String NAME = "avmnist";

  /** Checks the sizes. */
  public AvMnistSource {
    AvMnist.Options.checkSizes(train, validation, test);
  }

  @Override
  public List<String> modalities() {
    return AvMnist.MODALITIES;
  }

  @Override
  public MultimodalData load(Path folder, Progress progress) {
    return AvMnist.prepare(
        new AvMnist.Options(folder, HumanClips.STANDARD, train, validation, test, seed), progress);
  }
}
