package dev.lacuna.training.cli;

import dev.lacuna.Context;
import dev.lacuna.Lacuna;
import dev.lacuna.training.baseline.Joint;
import dev.lacuna.training.baseline.JointLearner.Join;
import dev.lacuna.training.report.RunFolder;
import dev.lacuna.training.system.LearningSystem;
import dev.lacuna.training.system.RunConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code lacuna train}, whose sub-commands are the systems. */
@Command(
    name = "train",
    mixinStandardHelpOptions = true,
    customSynopsis = {
      "lacuna train [SYSTEM] [OPTION...]",
      "lacuna train --resume FOLDER [OPTION...]"
    },
    description = {
      "Trains a system on avMNIST (digit images and spoken digits) or on your own data, and "
          + "evaluates it.",
      "Evaluation leaves out every modality in turn. The epoch is chosen on validation data only.",
      "",
      "Without a SYSTEM it is mla: 'lacuna train --missing 0.5' means 'lacuna train mla --missing "
          + "0.5'. 'lacuna train SYSTEM --help' explains the options of one."
    },
    commandListHeading = "%nSystems:%n")
final class TrainCommand implements Callable<Integer> {
  /** What is trained where no system is named. */
  static final String STANDARD = "mla";

  /** What completed() looks for, so that no system is added. */
  static final String RESUME = "--resume";

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = RESUME,
      paramLabel = "FOLDER",
      description =
          "Go on with a run that has stopped, from its last whole epoch; system and options are "
              + "those that it began with. With as many --threads the result is the same to the bit.")
  private @Nullable Path resume;

  @Option(names = "--json", description = "With --resume: print metrics.json to standard output.")
  private boolean json;

  @Mixin private DataOptions data = new DataOptions();
  @Mixin private DeviceOptions device = new DeviceOptions();

  /** Adds a sub-command for every system. */
  static void addSystems(CommandLine train) {
    List<TrainSystem<?>> systems =
        List.of(
            new TrainMla(),
            new TrainJoint(new Joint(Join.MEAN)),
            new TrainJoint(new Joint(Join.CONCATENATION)),
            new TrainEnsemble(),
            new TrainMmp(),
            new TrainCmg());
    for (TrainSystem<?> system : systems) {
      CommandLine command = new CommandLine(system);
      command.setDefaultValueProvider(system.defaults());
      command.getCommandSpec().usageMessage().description(system.description() + ".");
      train.addSubcommand(system.name(), command);
    }
  }

  @Override
  public Integer call() {
    if (resume == null) {
      spec.commandLine().usage(spec.commandLine().getErr());
      return CommandLine.ExitCode.USAGE;
    }
    long start = System.nanoTime();
    try (RunFolder folder = RunFolder.resume(resume)) {
      resume(folder, EvalCommand.systemOf(folder), start);
    }
    return CommandLine.ExitCode.OK;
  }

  private <O extends Record> void resume(RunFolder folder, LearningSystem<O> system, long start) {
    RunConfig<O> config = folder.document().config(RunConfig.class, system.options());
    try (Context context = Lacuna.open(device.options())) {
      new Training<>(system, config, data.folder(), json).run(context, folder, spec, start);
    }
  }

  /** Fails where a system is named beside --resume, which knows it. */
  void requireNotResuming(String system) {
    if (resume != null) {
      throw new ParameterException(
          spec.commandLine(),
          RESUME + " " + resume + " goes on with the system of that run; leave out " + system);
    }
  }
}
