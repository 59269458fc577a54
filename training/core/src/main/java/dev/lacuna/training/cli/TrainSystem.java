package dev.lacuna.training.cli;

import dev.lacuna.Context;
import dev.lacuna.Lacuna;
import dev.lacuna.LacunaException;
import dev.lacuna.OpenOptions;
import dev.lacuna.optim.Sgd;
import dev.lacuna.training.data.AvMnistSource;
import dev.lacuna.training.data.DataSource;
import dev.lacuna.training.loop.RandomShift;
import dev.lacuna.training.loop.TrainingOptions;
import dev.lacuna.training.report.RunFolder;
import dev.lacuna.training.system.LearningSystem;
import dev.lacuna.training.system.RunConfig;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * {@code lacuna train SYSTEM}: what all systems have in common.
 *
 * @param <O> the system's own options
 */
@Command(mixinStandardHelpOptions = true, sortOptions = false)
abstract class TrainSystem<O extends Record> implements Callable<Integer> {
  private final LearningSystem<O> system;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--missing",
      paramLabel = "SPEC",
      description =
          "What training samples lack: none, a rate such as 0.5 (this share loses exactly one "
              + "modality) or shares such as image=0.3,audio=0.2 (default: none; of mmp on emoji "
              + "0.7).")
  private @Nullable String missing;

  @Option(
      names = "--seeds",
      paramLabel = "N",
      defaultValue = "1",
      description = "Train N times with seeds 0 to N - 1 (default: ${DEFAULT-VALUE}).")
  private int seeds;

  @Option(
      names = "--epochs",
      paramLabel = "N",
      description = "Passes over the training samples (default: ${DEFAULT-VALUE}).")
  private int epochs;

  @Option(
      names = "--batch",
      paramLabel = "N",
      description = "Samples a step (default: ${DEFAULT-VALUE}).")
  private int batch;

  @Option(
      names = "--learning-rate",
      paramLabel = "X",
      description =
          "Of the encoders at the start; falls to 0 along a cosine (default: ${DEFAULT-VALUE}).")
  private double learningRate;

  @Option(
      names = "--shift",
      paramLabel = "SPEC",
      defaultValue = RandomShift.AUTO,
      description =
          "Augmentation: training inputs are moved at random by up to so many rows and columns, "
              + "such as image=1,audio=2, or none; auto is image=1 where there are images "
              + "(default: ${DEFAULT-VALUE}).")
  private String shift = RandomShift.AUTO;

  @Option(
      names = "--momentum",
      paramLabel = "X",
      defaultValue = "0.9",
      description = "Of SGD; the first moment's decay of AdamW (default: ${DEFAULT-VALUE}).")
  private double momentum;

  @Option(
      names = "--weight-decay",
      paramLabel = "X",
      description = "Of all parameters but the biases of transformers (default: ${DEFAULT-VALUE}).")
  private double weightDecay;

  @Option(
      names = "--decay",
      paramLabel = "HOW",
      description =
          "How weights decay: decoupled (beside the step) or coupled (through the gradient, as "
              + "torch's SGD does) (default: decoupled).")
  private Sgd.@Nullable Decay decay;

  @Option(
      names = "--out",
      paramLabel = "FOLDER",
      description = "Run folder, new or empty (default: runs/<system>-<time>).")
  private @Nullable Path out;

  @Option(
      names = "--json",
      description = "Print metrics.json to standard output, all else to standard error.")
  private boolean json;

  @Mixin private SampleOptions samples = new SampleOptions();
  @Mixin private DataOptions data = new DataOptions();
  @Mixin private DeviceOptions device = new DeviceOptions();

  TrainSystem(LearningSystem<O> system) {
    this.system = system;
  }

  /** Its name. */
  String name() {
    return system.name();
  }

  /** One line for people. */
  String description() {
    return system.description();
  }

  /**
   * The options of every training whose defaults depend on the system, as picocli asks for them.
   */
  CommandLine.IDefaultValueProvider defaults() {
    TrainingOptions training = system.training(TrainingOptions.DEFAULT);
    Map<String, String> values =
        Map.of(
            "--epochs",
            Integer.toString(training.epochs()),
            "--batch",
            Integer.toString(training.batch()),
            "--learning-rate",
            Double.toString(training.learningRate()),
            "--weight-decay",
            Double.toString(training.weightDecay()),
            SampleOptions.NAME,
            standardData());
    return argument ->
        argument instanceof OptionSpec option ? values.get(option.longestName()) : null;
  }

  /** The system's own options, as given. */
  abstract O options();

  /** The data where that is not given. */
  String standardData() {
    return AvMnistSource.NAME;
  }

  /** What training samples lack where that is not given. */
  String standardMissing(DataSource source) {
    return "none";
  }

  /** How weights decay where that is not given. */
  Sgd.Decay standardDecay() {
    return Sgd.Decay.DECOUPLED;
  }

  @Override
  public Integer call() {
    if (spec.parent().userObject() instanceof TrainCommand train) {
      train.requireNotResuming(name());
    }
    RunConfig<O> config;
    OpenOptions where;
    try {
      config = config();
      where = device.options();
    } catch (IllegalArgumentException | LacunaException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
    long start = System.nanoTime();
    try (Context context = Lacuna.open(where);
        RunFolder folder = RunFolder.create(out == null ? defaultFolder() : out)) {
      new Training<>(system, config, data.folder(), json).run(context, folder, spec, start);
    }
    return 0;
  }

  /** What was asked for, checked before anything is read or made. */
  RunConfig<O> config() {
    DataSource source = samples.source();
    TrainingOptions training =
        new TrainingOptions(
            epochs,
            batch,
            learningRate,
            momentum,
            weightDecay,
            decay == null ? standardDecay() : decay,
            shift);
    RunConfig<O> config =
        new RunConfig<>(
            source,
            missing == null ? standardMissing(source) : missing,
            samples.seed,
            seeds,
            training,
            options());
    source.knownModalities().ifPresent(config::check);
    return config;
  }

  private Path defaultFolder() {
    String time =
        LocalDateTime.now(ZoneId.systemDefault())
            .format(DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss-SSS"));
    return Path.of("runs", system.name() + "-" + time);
  }
}
