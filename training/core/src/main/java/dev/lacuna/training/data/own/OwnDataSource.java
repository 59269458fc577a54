package dev.lacuna.training.data.own;

import dev.lacuna.training.data.DataSource;
import dev.lacuna.training.data.MissingRates;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Tokens;
import dev.lacuna.training.progress.Progress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A user's own data as a source of samples: see {@link OwnData}.
 *
 * @param path of the CSV file or the folder; made absolute, so that a run can be evaluated from
 *     anywhere
 * @param columns what the columns of a CSV file are called
 * @param features how files become features
 */
public record OwnDataSource(String path, Columns columns, FeatureOptions features)
    implements DataSource {
  /** Its name in metrics.json. */
  public static final String NAME = "own";

  /** Makes the path absolute. */
  public OwnDataSource {
    path = Path.of(path).toAbsolutePath().normalize().toString();
  }

  @Override
  public Optional<List<String>> knownModalities() {
    return Optional.empty();
  }

  /** Reads the samples anew; there is no cache of them. */
  @Override
  public MultimodalData load(Path folder, Progress progress) {
    try (Tokens tokens = features.tokens(folder, progress)) {
      return OwnData.load(Path.of(path), columns, features, tokens, progress);
    }
  }

  /** Those of MAP where the data is laid out as MAP's. */
  @Override
  public Map<String, MissingRates> testCases() {
    return MapLayout.of(Path.of(path)).isPresent() ? MapLayout.testCases() : Map.of();
  }

  @Override
  public FeatureOptions features(MultimodalData loaded) {
    return features;
  }
}
