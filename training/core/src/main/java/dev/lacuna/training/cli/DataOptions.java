package dev.lacuna.training.cli;

import dev.lacuna.training.data.DataFolder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Where data lives. */
final class DataOptions {
  static final String NAME = "--data-dir";

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command = CommandSpec.create();

  @Option(
      names = NAME,
      paramLabel = "FOLDER",
      description =
          "Folder of data that Lacuna prepares, not of your own, which --data names (default: $XDG_CACHE_HOME/lacuna or ~/.cache/lacuna). MNIST's "
              + "IDX files in it or in its mnist/, and {digit}_{speaker}_{index}.wav in its "
              + "recordings/, are used instead of what prepare fetches.")
  private @Nullable Path folder;

  /** The folder to use; a file, such as a user's own CSV, is refused. */
  Path folder() {
    if (folder != null && Files.isRegularFile(folder)) {
      throw new ParameterException(
          command.commandLine(),
          "--data-dir: " + folder + " is a file, want a folder; --data names your own data");
    }
    return folder == null ? DataFolder.standard() : folder;
  }
}
