package dev.lacuna.training.data;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.lacuna.training.data.own.FeatureOptions;
import dev.lacuna.training.data.own.OwnDataSource;
import dev.lacuna.training.progress.Progress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Where samples come from, with all that decides which: part of a run's config. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "name")
@JsonSubTypes({
  @JsonSubTypes.Type(value = AvMnistSource.class, name = AvMnistSource.NAME),
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

  /** How files become the features of data that this source has given. */
  FeatureOptions features(MultimodalData loaded);
}
