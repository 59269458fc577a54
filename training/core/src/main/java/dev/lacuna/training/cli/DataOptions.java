package dev.lacuna.training.cli;

import dev.lacuna.training.data.AvMnist;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where data lives. */
final class DataOptions {
  @Option(
      names = "--data-dir",
      paramLabel = "FOLDER",
      description =
          "Folder of prepared data (default: $XDG_CACHE_HOME/lacuna or ~/.cache/lacuna). MNIST's "
              + "IDX files in it or in its mnist/, and {digit}_{speaker}_{index}.wav in its "
              + "recordings/, are used instead of what prepare fetches.")
  private @Nullable Path folder;

  /** What to prepare; sizes that cannot be are refused. */
  AvMnist.Options avMnist(int train, int validation, int test, long seed) {
    AvMnist.Options standard = AvMnist.Options.standard();
    Path where = folder == null ? standard.folder() : folder;
    return new AvMnist.Options(where, standard.humanClips(), train, validation, test, seed);
  }
}
