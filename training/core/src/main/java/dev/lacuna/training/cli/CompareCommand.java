package dev.lacuna.training.cli;

import dev.lacuna.LacunaException;
import dev.lacuna.OpenOptions;
import dev.lacuna.training.compare.ComparisonConfig;
import dev.lacuna.training.compare.ComparisonFolder;
import dev.lacuna.training.compare.ComparisonFormat;
import dev.lacuna.training.compare.ComparisonRun;
import dev.lacuna.training.compare.Workers;
import dev.lacuna.training.data.AvMnistSource;
import dev.lacuna.training.data.DataSource;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.loop.TrainingOptions;
import dev.lacuna.training.progress.Progress;
import dev.lacuna.training.report.Machine;
import dev.lacuna.training.report.Shell;
import dev.lacuna.training.system.LearningSystem;
import dev.lacuna.training.system.Systems;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code lacuna compare}. */
@Command(
    name = "compare",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Compares systems at several missing rates and writes a table and a figure.",
      "Every system trains at every rate with every seed, all under the same stored missing "
          + "tables, and is tested under a missing table of the same rate. The epoch is chosen on "
          + "validation data only. Differences are to the first system.",
      "",
      "What has been trained is kept: the same call goes on after a stop, and a call with more "
          + "systems, rates or seeds trains only those. On the CPU --threads trainings run side by "
          + "side, each on a thread of its own; the results do not depend on how many."
    },
    footer = {
      "",
      "Examples:",
      "  lacuna compare --quick                        a first look in minutes",
      "  lacuna compare                                5 rates, 5 seeds, all systems",
      "  lacuna compare --systems mla,late_fusion --rates 0,0.5",
      "  lacuna compare --tune 8 --out runs/tuned      learning rates by validation",
      "  lacuna compare --quick --json > result.json   the results as JSON"
    })
final class CompareCommand implements Callable<Integer> {
  /** What {@code --quick} takes where nothing else is given. */
  private static final class Quick {
    static final List<Double> RATES = List.of(0.0, 0.5);
    static final int SEEDS = 1;
    static final int EPOCHS = 6;
    static final int TRAIN_SIZE = 6_000;

    private Quick() {}
  }

  private static final List<Double> RATES = List.of(0.0, 0.3, 0.5, 0.7, 0.9);
  private static final int SEEDS = 5;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--rates",
      paramLabel = "X,X...",
      split = ",",
      description =
          "Shares of samples that lose exactly one modality, in training as in the test; 0 takes "
              + "nothing away (default: 0,0.3,0.5,0.7,0.9).")
  private @Nullable List<Double> rates;

  @Option(
      names = "--seeds",
      paramLabel = "N",
      description = "Train N times with seeds 0 to N - 1 (default: 5).")
  private @Nullable Integer seeds;

  @Option(
      names = "--systems",
      paramLabel = "NAME,NAME...",
      split = ",",
      description =
          "Systems to compare, the others with the first (default: all that train knows).")
  private @Nullable List<String> systems;

  @Option(
      names = "--epochs",
      paramLabel = "N",
      description = "Passes over the training samples (default: 15).")
  private @Nullable Integer epochs;

  @Option(
      names = "--tune",
      paramLabel = "N",
      defaultValue = "0",
      description =
          "Trainings by which each system's learning rate, and mla's head rate, are chosen on "
              + "validation data, at the middle rate with seed 0; the same learning rates are "
              + "tried for every system. 0: the options that train has (default: "
              + "${DEFAULT-VALUE}).")
  private int trials;

  @Option(
      names = "--quick",
      description =
          "A first look: rates 0,0.5, 1 seed, 6 epochs and 6000 training pairs where these are not "
              + "given. Systems are trained less than they need, so their order may change.")
  private boolean quick;

  @Option(
      names = "--out",
      paramLabel = "FOLDER",
      description =
          "Folder of the comparison, new or to go on with (default: runs/compare, with --quick "
              + "runs/compare-quick).")
  private @Nullable Path out;

  @Option(
      names = "--json",
      description = "Print compare.json to standard output, all else to standard error.")
  private boolean json;

  @Mixin private SampleOptions samples = new SampleOptions();
  @Mixin private DataOptions data = new DataOptions();
  @Mixin private DeviceOptions device = new DeviceOptions();

  /** For picocli. */
  CompareCommand() {}

  @Override
  public Integer call() {
    ComparisonConfig config;
    OpenOptions where;
    try {
      config = config();
      where = device.options();
    } catch (IllegalArgumentException | LacunaException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
    long start = System.nanoTime();
    Progress progress = Progress.onStandardError();
    PrintWriter err = spec.commandLine().getErr();
    try (ComparisonFolder folder = ComparisonFolder.open(folder(), config);
        WhenStopped _ = new WhenStopped(() -> stopped(folder));
        Workers workers = Workers.open(where)) {
      MultimodalData loaded = config.data().load(data.folder(), progress);
      ComparisonRun.Result result =
          new ComparisonRun(workers, loaded, config, folder, data.folder(), progress).run(progress);
      Map<String, Object> asked = new LinkedHashMap<>();
      asked.put("asked", config);
      asked.put("trained", result.setups());
      double seconds = (System.nanoTime() - start) / 1e9;
      String document =
          ComparisonFormat.json(
              result.comparison(), asked, Machine.facts(workers.context(), seconds));
      folder.write(result.comparison(), document);
      PrintWriter table = json ? err : spec.commandLine().getOut();
      table.print(ComparisonFormat.text(result.comparison()));
      table.flush();
      err.println("folder of the comparison: " + folder + ", with table.md and figure.svg");
      if (json) {
        spec.commandLine().getOut().print(document);
        spec.commandLine().getOut().flush();
      }
    }
    return 0;
  }

  private void stopped(ComparisonFolder folder) {
    folder.close();
    String call =
        spec.root().commandLine().getParseResult().originalArgs().stream()
            .map(Shell::quoted)
            .collect(Collectors.joining(" "));
    System.err.println("\nlacuna: stopped; go on with: ./lacuna " + call); // behind a bar
  }

  /** What was asked for, checked before anything is read or made. */
  ComparisonConfig config() {
    DataSource source = samples.source();
    if (quick
        && source instanceof AvMnistSource avmnist
        && !spec.commandLine().getParseResult().hasMatchedOption("--train-size")) {
      source = avmnist.withTrain(Quick.TRAIN_SIZE);
    }
    TrainingOptions standard = TrainingOptions.DEFAULT;
    TrainingOptions training =
        new TrainingOptions(
            given(epochs, standard.epochs(), Quick.EPOCHS),
            standard.batch(),
            standard.learningRate(),
            standard.momentum(),
            standard.weightDecay(),
            standard.decay(),
            standard.shift());
    return new ComparisonConfig(
        source,
        samples.seed,
        given(rates, RATES, Quick.RATES),
        given(seeds, SEEDS, Quick.SEEDS),
        systems == null ? Systems.ALL.stream().<String>map(LearningSystem::name).toList() : systems,
        training,
        trials);
  }

  private <T> T given(@Nullable T value, T full, T fast) {
    if (value != null) {
      return value;
    }
    return quick ? fast : full;
  }

  private Path folder() {
    if (out != null) {
      return out;
    }
    return Path.of("runs", quick ? "compare-quick" : "compare");
  }
}
