package dev.lacuna.training.cli;

import dev.lacuna.training.data.AvMnist;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.progress.Progress;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where data lives. */
final class DataOptions {
  @Option(
      names = "--data-dir",
      paramLabel = "FOLDER",
      description = {
        "Folder of prepared data (default: $XDG_CACHE_HOME/lacuna or ~/.cache/lacuna). IDX files",
        "of your own in it or in its mnist/, and {digit}_{speaker}_{index}.wav in its recordings/,",
        "are used instead of what prepare fetches."
      })
  private @Nullable Path folder;

  @Option(
      names = "--data-seed",
      paramLabel = "N",
      defaultValue = "0",
      description =
          "Seed of the choice of samples and of the missing tables (default: ${DEFAULT-VALUE}).")
  long seed;

  MultimodalData avMnist(int train, int validation, int test, long dataSeed, Progress progress) {
    AvMnist.Options standard = AvMnist.Options.standard();
    Path where = folder == null ? standard.folder() : folder;
    return AvMnist.prepare(
        new AvMnist.Options(where, standard.humanClips(), train, validation, test, dataSeed),
        progress);
  }
}
