package dev.lacuna.training.data;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.lacuna.training.progress.Progress;
import java.nio.file.Path;
import java.util.List;

/** Where samples come from, with all that decides which: part of a run's config. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "name")
@JsonSubTypes(@JsonSubTypes.Type(value = AvMnistSource.class, name = AvMnistSource.NAME))
public interface DataSource {
  /** Names of the modalities, known before anything is read. */
  List<String> modalities();

  /**
   * The data set, from the cache where it has been prepared before.
   *
   * @param folder of prepared data
   */
  MultimodalData load(Path folder, Progress progress);
}
