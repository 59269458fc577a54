package dev.lacuna.training.cli;

import dev.lacuna.LacunaException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** The command line: {@code lacuna <command> [options]}. */
@Command(
    name = "lacuna",
    description = "Learning from several modalities of which some may be missing.",
    subcommands = {
      InfoCommand.class,
      PrepareCommand.class,
      PretrainCommand.class,
      TrainCommand.class,
      EvalCommand.class,
      CompareCommand.class,
      PredictCommand.class,
      CommandLine.HelpCommand.class
    },
    mixinStandardHelpOptions = true,
    version = "lacuna 0.1.0",
    synopsisSubcommandLabel = "COMMAND",
    footer = {
      "",
      "Three more commands belong to the launcher: setup (install and build what is "
          + "missing), test (build and run every test) and bench (time the kernels).",
      "",
      "Start with:  ./lacuna train"
    })
public final class Main implements Callable<Integer> {
  private static final String LOG_FORMAT = "java.util.logging.SimpleFormatter.format";

  /** Commands of the launcher. */
  private static final List<String> LAUNCHERS = List.of("setup", "test", "bench");

  private static final String HEADLESS = "java.awt.headless";

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
  public Integer call() {
    spec.commandLine().usage(spec.commandLine().getErr());
    return CommandLine.ExitCode.USAGE;
  }

  /** Runs the command line and exits with its code: 0 done, 1 failed, 2 called wrongly. */
  public static void main(String[] args) {
    // log records take two lines otherwise
    System.getProperties().putIfAbsent(LOG_FORMAT, "lacuna: %5$s%6$s%n");
    // figures are drawn into files: no screen is asked for, and none need be there
    System.getProperties().putIfAbsent(HEADLESS, "true");
    int code = CommandLine.ExitCode.SOFTWARE;
    try {
      CommandLine line = commandLine();
      code = line.execute(completed(line, args));
    } catch (OutOfMemoryError e) {
      System.err.println(
          "lacuna: Java's heap is too small ("
              + e.getMessage()
              + "); give it more, such as JAVA_TOOL_OPTIONS=-Xmx4g");
    }
    System.exit(code);
  }

  /** Arguments with the system that is meant where {@code train} names none and resumes no run. */
  public static String[] completed(CommandLine line, String... args) {
    int at = Arrays.asList(args).indexOf("train");
    CommandLine train = line.getSubcommands().get("train");
    boolean first =
        at >= 0 && Arrays.stream(args, 0, at).allMatch(before -> before.startsWith("-"));
    boolean named =
        at + 1 < args.length && (!args[at + 1].startsWith("-") || asksForHelp(train, args[at + 1]));
    boolean resumes =
        Arrays.stream(args).anyMatch(a -> a.split("=", 2)[0].equals(TrainCommand.RESUME));
    if (!first || named || resumes) {
      return args;
    }
    List<String> complete = new ArrayList<>(Arrays.asList(args));
    complete.add(at + 1, TrainCommand.STANDARD);
    return complete.toArray(String[]::new);
  }

  private static boolean asksForHelp(CommandLine command, String argument) {
    OptionSpec option = command.getCommandSpec().findOption(argument);
    return option != null && (option.usageHelp() || option.versionHelp());
  }

  /** The command line, for tests too. */
  public static CommandLine commandLine() {
    Main main = new Main();
    CommandLine line = new CommandLine(main);
    TrainCommand.addSystems(line.getSubcommands().get("train"));
    return line.setCaseInsensitiveEnumValuesAllowed(true)
        .setParameterExceptionHandler((exception, arguments) -> {
          CommandLine command = exception.getCommandLine();
          PrintWriter err = command.getErr();
          err.println("lacuna: " + exception.getMessage() + wanted(exception));
          CommandLine.UnmatchedArgumentException.printSuggestions(exception, err);
          err.println("Try '" + command.getCommandSpec().qualifiedName() + " --help'.");
          return CommandLine.ExitCode.USAGE;
        })
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
          return CommandLine.ExitCode.SOFTWARE;
        });
  }

  /** The commands that there are, where something else was given. */
  private static String wanted(CommandLine.ParameterException exception) {
    CommandLine command = exception.getCommandLine();
    Set<String> commands = new LinkedHashSet<>(command.getSubcommands().keySet());
    if (command.getParent() == null) {
      commands.addAll(LAUNCHERS);
    }
    return exception instanceof CommandLine.UnmatchedArgumentException unmatched
            && !unmatched.isUnknownOption()
            && !commands.isEmpty()
        ? ", want one of " + String.join(", ", commands)
        : "";
  }
}
