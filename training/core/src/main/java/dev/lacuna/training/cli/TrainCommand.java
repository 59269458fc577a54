package dev.lacuna.training.cli;

import dev.lacuna.training.baseline.Joint;
import dev.lacuna.training.baseline.JointLearner.Join;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code lacuna train}, whose sub-commands are the systems. */
@Command(
    name = "train",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "[SYSTEM]",
    description = {
      "Trains a system on avMNIST (digit images and spoken digits) and evaluates it.",
      "Evaluation leaves out every modality in turn. The epoch is chosen on validation data only.",
      "",
      "Without a SYSTEM it is mla: 'lacuna train --missing 0.5' means 'lacuna train mla --missing "
          + "0.5'. 'lacuna train SYSTEM --help' explains the options of one."
    },
    commandListHeading = "%nSystems:%n")
final class TrainCommand implements Callable<Integer> {
  /** What is trained where no system is named. */
  static final String STANDARD = "mla";

  @Spec private CommandSpec spec = CommandSpec.create();

  /** Adds a sub-command for every system. */
  static void addSystems(CommandLine train) {
    List<TrainSystem<?>> systems =
        List.of(
            new TrainMla(),
            new TrainJoint(new Joint(Join.MEAN)),
            new TrainJoint(new Joint(Join.CONCATENATION)),
            new TrainEnsemble());
    for (TrainSystem<?> system : systems) {
      CommandLine command = new CommandLine(system);
      command.getCommandSpec().usageMessage().description(system.description() + ".");
      train.addSubcommand(system.name(), command);
    }
  }

  @Override
  public Integer call() {
    spec.commandLine().usage(spec.commandLine().getErr());
    return CommandLine.ExitCode.USAGE;
  }
}
