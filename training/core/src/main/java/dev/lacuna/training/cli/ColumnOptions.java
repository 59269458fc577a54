package dev.lacuna.training.cli;

import dev.lacuna.LacunaException;
import dev.lacuna.training.data.own.Columns;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What the columns of a CSV file are called. */
final class ColumnOptions {
  static final String NAME = "--columns";

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command = CommandSpec.create();

  @Option(
      names = NAME,
      paramLabel = "SPEC",
      description =
          "Columns of a CSV file that are called otherwise, such as id=key,image=photo,label=class; "
              + "ignore=notes leaves one alone.")
  private @Nullable String columns;

  /** The columns that were named, if any were; what cannot be is refused. */
  Optional<Columns> parse() {
    try {
      return Optional.ofNullable(columns).map(Columns::parse);
    } catch (LacunaException e) {
      throw new ParameterException(command.commandLine(), e.getMessage(), e);
    }
  }
}
