package dev.lacuna.training.data;

import dev.lacuna.training.data.own.FeatureOptions;
import dev.lacuna.training.progress.Progress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

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
    new Extent(train, validation, test, modalities).check(NAME, AvMnist.ALL_MODALITIES);
  }

  /** With another number of training pairs. */
  public AvMnistSource withTrain(int pairs) {
    return new AvMnistSource(pairs, validation, test, seed, modalities);
  }

  @Override
  public Optional<List<String>> knownModalities() {
    return Optional.of(modalities);
  }

  @Override
  public MultimodalData load(Path folder, Progress progress) {
    return AvMnist.prepare(
        new AvMnist.Options(folder, HumanClips.STANDARD, train, validation, test, seed, modalities),
        progress);
  }

  /** Images of a user's own IDX files may have another size than MNIST's. */
  @Override
  public FeatureOptions features(MultimodalData loaded) {
    FeatureOptions standard = FeatureOptions.DEFAULT;
    int size =
        loaded.modalities().stream()
            .filter(modality -> modality.name().equals(AvMnist.IMAGE))
            .mapToInt(Modality::height)
            .findFirst()
            .orElse(standard.imageSize());
    return new FeatureOptions(size, standard.colour(), standard.mel(), standard.textSize());
  }
}
