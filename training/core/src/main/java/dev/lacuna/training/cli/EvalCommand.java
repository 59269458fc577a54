package dev.lacuna.training.cli;

import dev.lacuna.Context;
import dev.lacuna.Lacuna;
import dev.lacuna.training.compare.FusionComparison;
import dev.lacuna.training.compare.FusionComparisonFormat;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.progress.Progress;
import dev.lacuna.training.report.Machine;
import dev.lacuna.training.report.Results;
import dev.lacuna.training.report.RunDocument;
import dev.lacuna.training.report.RunFolder;
import dev.lacuna.training.system.Experiment;
import dev.lacuna.training.system.LearningSystem;
import dev.lacuna.training.system.RunConfig;
import dev.lacuna.training.system.Systems;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lacuna eval}. */
@Command(
    name = "eval",
    mixinStandardHelpOptions = true,
    description =
        "Evaluates the models of a run folder again, on the test data that the run names.")
final class EvalCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      index = "0",
      paramLabel = "FOLDER",
      description = "Run folder that train has written.")
  private Path run = Path.of("");

  @Option(names = "--json", description = "Print a document like metrics.json to standard output.")
  private boolean json;

  @Option(
      names = "--corrupted",
      description =
          "Instead, take test samples of which one modality is replaced by noise, and compare "
              + "dynamic fusion with fixed fusion and with each modality alone.")
  private boolean corrupted;

  @Mixin private DataOptions data = new DataOptions();
  @Mixin private DeviceOptions device = new DeviceOptions();

  @Override
  public Integer call() {
    RunFolder folder = RunFolder.open(run);
    return evaluate(folder, systemOf(folder));
  }

  /** The system of a run; one that there is not is named with the folder. */
  static LearningSystem<?> systemOf(RunFolder folder) {
    try {
      return Systems.named(folder.document().system());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(folder + ": " + e.getMessage(), e);
    }
  }

  private <O extends Record> int evaluate(RunFolder folder, LearningSystem<O> system) {
    RunConfig<O> config = folder.document().config(RunConfig.class, system.options());
    long start = System.nanoTime();
    try (Context context = Lacuna.open(device.options())) {
      Progress progress = Progress.onStandardError();
      MultimodalData samples = config.data().load(data.folder(), progress);
      LearningSystem<O> prepared =
          system.prepared(context, data.folder(), samples, config.options(), progress);
      PrintWriter out = spec.commandLine().getOut();
      if (corrupted) {
        FusionComparison comparison =
            FusionComparison.of(context, samples, prepared, config, folder, progress);
        out.print(
            json
                ? FusionComparisonFormat.json(
                    comparison, system.name(), config, facts(context, start))
                : FusionComparisonFormat.text(comparison));
        out.flush();
        return 0;
      }
      Results results = new Experiment<>(context, samples, prepared, config).evaluate(folder);
      if (json) {
        out.print(RunDocument.metrics(system.name(), config, results, facts(context, start)));
        out.flush();
      } else {
        results.print(out);
      }
    }
    return 0;
  }

  /** Machine, versions and seconds since the start. */
  private static Object facts(Context context, long start) {
    return Machine.facts(context, (System.nanoTime() - start) / 1e9);
  }
}
