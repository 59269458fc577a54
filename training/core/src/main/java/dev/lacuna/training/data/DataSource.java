package dev.lacuna.training.data;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.lacuna.training.data.emoji.EmojiSource;
import dev.lacuna.training.data.own.FeatureOptions;
import dev.lacuna.training.data.own.OwnDataSource;
import dev.lacuna.training.progress.Progress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Where samples come from, with all that decides which: part of a run's config. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "name")
@JsonSubTypes({
  @JsonSubTypes.Type(value = AvMnistSource.class, name = AvMnistSource.NAME),
  @JsonSubTypes.Type(value = DigitSequencesSource.class, name = DigitSequencesSource.NAME),
  @JsonSubTypes.Type(value = EmojiSource.class, name = EmojiSource.NAME),
  @JsonSubTypes.Type(value = OwnDataSource.class, name = OwnDataSource.NAME)
})
public interface DataSource {
  /** Names of the modalities, where they are known before anything is read. */
  Optional<List<String>> knownModalities();

  /**
   * The data set, from the cache where it has been prepared before.
   *
   * @param folder of prepared data
   */
  MultimodalData load(Path folder, Progress progress);

  /**
   * Test cases that results on this data are reported by elsewhere, beside the patterns that all
   * data is tested under: what each takes away, by its name.
   */
  default Map<String, MissingRates> testCases() {
    return Map.of();
  }

  /** How files become the features of data that this source has given. */
  FeatureOptions features(MultimodalData loaded);
}
