package dev.lacuna.training.cli;

import dev.lacuna.training.data.DataFolder;
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

  /** The folder to use. */
  Path folder() {
    return folder == null ? DataFolder.standard() : folder;
  }
}
