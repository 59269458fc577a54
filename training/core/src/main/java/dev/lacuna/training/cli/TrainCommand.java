package dev.lacuna.training.cli;

import dev.lacuna.Context;
import dev.lacuna.Lacuna;
import dev.lacuna.LacunaException;
import dev.lacuna.OpenOptions;
import dev.lacuna.kernels.RlsProjector.Norm;
import dev.lacuna.kernels.RlsProjector.Order;
import dev.lacuna.multimodal.Fusion;
import dev.lacuna.multimodal.mla.AlternatingStep.Projection;
import dev.lacuna.training.data.AvMnist;
import dev.lacuna.training.data.MissingRates;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.loop.RandomShift;
import dev.lacuna.training.mla.MlaConfig;
import dev.lacuna.training.mla.MlaExperiment;
import dev.lacuna.training.mla.MlaOptions;
import dev.lacuna.training.mla.MlaOptions.Method;
import dev.lacuna.training.progress.Progress;
import dev.lacuna.training.report.Machine;
import dev.lacuna.training.report.Results;
import dev.lacuna.training.report.RunFolder;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lacuna train}. */
@Command(
    name = "train",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Trains a system on avMNIST (digit images and spoken digits) and evaluates it.",
      "Evaluation leaves out every modality in turn. The epoch is chosen on validation data only."
    },
    footer = {
      "",
      "Examples:",
      "  lacuna train --missing 0.5          half of the samples lose one modality",
      "  lacuna train --missing audio=0.7    seven in ten lose the sound",
      "  lacuna train --no-projection        ablation: no gradient projection",
      "  lacuna train --method late_fusion   the baseline",
      "  lacuna train --json > result.json   the results as JSON"
    })
final class TrainCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "SYSTEM",
      defaultValue = "mla",
      description = "What to train: mla (default).")
  private String system = "mla";

  @Option(
      names = "--missing",
      paramLabel = "SPEC",
      defaultValue = "none",
      description =
          "What training samples lack: none, a rate such as 0.5 (this share loses exactly one "
              + "modality) or shares such as image=0.3,audio=0.2 (default: ${DEFAULT-VALUE}).")
  private String missing = "none";

  @Option(
      names = "--seeds",
      paramLabel = "N",
      defaultValue = "1",
      description = "Train N times with seeds 0 to N - 1 (default: ${DEFAULT-VALUE}).")
  private int seeds;

  @Option(
      names = "--method",
      paramLabel = "NAME",
      defaultValue = "mla",
      description =
          "mla, or late_fusion for the jointly trained baseline, which has neither projection nor "
              + "dynamic fusion (default: ${DEFAULT-VALUE}).")
  private Method method = Method.MLA;

  @Option(
      names = "--no-projection",
      description = "Ablation: do not project the shared head's gradient.")
  private boolean noProjection;

  @Option(
      names = "--fusion",
      paramLabel = "MODE",
      defaultValue = "dynamic",
      description =
          "dynamic (by entropy, for each sample) or fixed (equal shares) (default: ${DEFAULT-VALUE}).")
  private Fusion.Mode fusion = Fusion.Mode.DYNAMIC;

  @Option(
      names = "--order",
      paramLabel = "ORDER",
      defaultValue = "project_then_absorb",
      description = "project_then_absorb or absorb_then_project (default: ${DEFAULT-VALUE}).")
  private Order order = Order.PROJECT_THEN_ABSORB;

  @Option(
      names = "--norm",
      paramLabel = "NORM",
      defaultValue = "fro",
      description =
          "Norm that P is divided by after each update: fro or none (default: ${DEFAULT-VALUE}).")
  private Norm norm = Norm.FRO;

  @Option(
      names = "--epochs",
      paramLabel = "N",
      defaultValue = "15",
      description = "Passes over the training samples (default: ${DEFAULT-VALUE}).")
  private int epochs;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "64",
      description = "Samples a step (default: ${DEFAULT-VALUE}).")
  private int batch;

  @Option(
      names = "--learning-rate",
      paramLabel = "X",
      defaultValue = "0.02",
      description =
          "Of the encoders at the start; falls to 0 along a cosine (default: ${DEFAULT-VALUE}).")
  private double learningRate;

  @Option(
      names = "--shift",
      paramLabel = "SPEC",
      defaultValue = "image=1",
      description =
          "Augmentation: training inputs are moved at random by up to so many rows and columns, "
              + "such as image=1,audio=2, or none (default: ${DEFAULT-VALUE}).")
  private String shift = "image=1";

  @Option(
      names = "--head-rate",
      paramLabel = "X",
      defaultValue = "1",
      description =
          "Learning rate of the shared head relative to the encoders' (default: ${DEFAULT-VALUE}).")
  private double headRate;

  @Option(
      names = "--momentum",
      paramLabel = "X",
      defaultValue = "0.9",
      description = "Of SGD (default: ${DEFAULT-VALUE}).")
  private double momentum;

  @Option(
      names = "--weight-decay",
      paramLabel = "X",
      defaultValue = "1e-4",
      description = "Decoupled (default: ${DEFAULT-VALUE}).")
  private double weightDecay;

  @Option(
      names = "--width",
      paramLabel = "N",
      defaultValue = "64",
      description = "Features that an encoder gives (default: ${DEFAULT-VALUE}).")
  private int width;

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

  @Override
  public Integer call() {
    MlaConfig config;
    AvMnist.Options wanted;
    OpenOptions where;
    try {
      config = config();
      wanted = samples.of(data);
      where = device.options();
    } catch (IllegalArgumentException | LacunaException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
    long start = System.nanoTime();
    Progress progress = Progress.onStandardError();
    try (Context context = Lacuna.open(where);
        RunFolder folder = RunFolder.create(out == null ? defaultFolder() : out)) {
      MultimodalData avMnist = AvMnist.prepare(wanted, progress);
      Results results = new MlaExperiment(context, avMnist, config).train(folder, progress);
      double seconds = (System.nanoTime() - start) / 1e9;
      String document =
          folder.writeMetrics(system, config, results, Machine.facts(context, seconds));
      PrintWriter err = spec.commandLine().getErr();
      PrintWriter table = json ? err : spec.commandLine().getOut();
      results.print(table);
      err.println("run folder: " + folder);
      if (json) {
        spec.commandLine().getOut().print(document);
        spec.commandLine().getOut().flush();
      }
    }
    return 0;
  }

  /** What was asked for, checked before anything is read or made. */
  private MlaConfig config() {
    if (!system.equals("mla")) {
      throw new IllegalArgumentException("system is '" + system + "', want mla");
    }
    MissingRates.parse(missing, AvMnist.MODALITIES);
    RandomShift.parse(shift, AvMnist.MODALITIES);
    MlaOptions options =
        new MlaOptions(
            method,
            width,
            epochs,
            batch,
            learningRate,
            shift,
            headRate,
            momentum,
            weightDecay,
            noProjection ? Projection.NONE : Projection.RLS,
            order,
            norm,
            fusion);
    return new MlaConfig(
        "avmnist",
        samples.train,
        samples.validation,
        samples.test,
        samples.seed,
        missing,
        seeds,
        options);
  }

  private Path defaultFolder() {
    String time =
        LocalDateTime.now(ZoneId.systemDefault())
            .format(DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss-SSS"));
    return Path.of("runs", system + "-" + time);
  }
}
