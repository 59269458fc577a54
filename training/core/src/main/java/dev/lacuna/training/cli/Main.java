package dev.lacuna.training.cli;

import dev.lacuna.LacunaException;
import java.io.UncheckedIOException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** The command line: {@code lacuna <command> [options]}. */
@Command(
    name = "lacuna",
    description = "Learning from several modalities of which some may be missing.",
    subcommands = {
      InfoCommand.class,
      PrepareCommand.class,
      TrainCommand.class,
      EvalCommand.class,
      CommandLine.HelpCommand.class
    },
    mixinStandardHelpOptions = true,
    version = "lacuna 0.1.0",
    synopsisSubcommandLabel = "COMMAND",
    footer = {
      "",
      "Two more commands belong to the launcher: setup (install and build what is missing) and",
      "test (build and run every test).",
      "",
      "Start with:  ./lacuna train"
    })
public final class Main implements Runnable {
  private static final String LOG_FORMAT = "java.util.logging.SimpleFormatter.format";

  @Option(
      names = "--verbose",
      scope = ScopeType.INHERIT,
      description = "Show the stack trace of an error.")
  private boolean verbose;

  @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

  /** For picocli. */
  @SuppressWarnings("NullAway.Init")
  public Main() {}

  @Override
  public void run() {
    throw new CommandLine.ParameterException(spec.commandLine(), "a command is missing");
  }

  /** Runs the command line and exits with its code: 0 done, 1 failed, 2 called wrongly. */
  public static void main(String[] args) {
    // One plain line a message, unless the user has set another format.
    if (System.getProperty(LOG_FORMAT) == null) {
      System.setProperty(LOG_FORMAT, "lacuna: %5$s%n");
    }
    System.exit(commandLine().execute(args));
  }

  /** The command line, for tests too. */
  public static CommandLine commandLine() {
    Main main = new Main();
    return new CommandLine(main)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setExecutionExceptionHandler((exception, command, result) -> {
          boolean known =
              exception instanceof LacunaException
                  || exception instanceof IllegalArgumentException
                  || exception instanceof UncheckedIOException;
          command.getErr().println("lacuna: " + (known ? exception.getMessage() : exception));
          if (main.verbose) {
            exception.printStackTrace(command.getErr());
          } else if (!known) {
            command.getErr().println("lacuna: this is a bug; --verbose shows where");
          }
          return 1;
        });
  }
}
