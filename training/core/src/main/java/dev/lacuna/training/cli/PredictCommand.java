package dev.lacuna.training.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.lacuna.Context;
import dev.lacuna.Lacuna;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.data.AtomicFile;
import dev.lacuna.training.data.Tokens;
import dev.lacuna.training.data.own.Columns;
import dev.lacuna.training.data.own.FeatureOptions;
import dev.lacuna.training.data.own.OwnDataSource;
import dev.lacuna.training.data.own.Samples;
import dev.lacuna.training.progress.Progress;
import dev.lacuna.training.report.RunFolder;
import dev.lacuna.training.system.LearningSystem;
import dev.lacuna.training.system.ModelSignature;
import dev.lacuna.training.system.Predictor;
import dev.lacuna.training.system.RunConfig;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lacuna predict}. */
@Command(
    name = "predict",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Predicts samples of your own with a trained model and writes CSV.",
      "A line for each sample: id, predicted class, probability of each class, and for each "
          + "modality whether it is present, the entropy of what it alone says (in nats) and its "
          + "weight. The last two are empty where it is missing, or where the model does not weigh "
          + "modalities. Of multi-label samples all classes are predicted whose probability is "
          + "above 0.5, with | between them."
    },
    footer = {
      "",
      "Examples:",
      "  lacuna predict runs/mine new.csv --out predicted.csv",
      "  lacuna predict runs/mine photos/    a folder: 7.png, 7.wav and 7.txt are",
      "                                      image, audio and text of sample 7"
    })
final class PredictCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      index = "0",
      paramLabel = "FOLDER",
      description = "Run folder that train has written.")
  private Path run = Path.of("");

  @Parameters(
      index = "1",
      paramLabel = "INPUT",
      description =
          "CSV file with columns id, image, audio, video and text, or a folder with one or with the files. "
              + "Anything may be missing, as long as a sample has something; labels are not looked "
              + "at. Columns may be called as in the data that the model has learned from.")
  private Path input = Path.of("");

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "New CSV file (default: standard output).")
  private @Nullable Path out;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description = "The model of which training seed (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Mixin private ColumnOptions columns = new ColumnOptions();
  @Mixin private DataOptions data = new DataOptions();
  @Mixin private DeviceOptions device = new DeviceOptions();

  @Override
  public Integer call() {
    Optional<Columns> given = columns.parse();
    if (out != null && Files.exists(out)) {
      throw bad(out + " is there already; give another --out, or remove it");
    }
    RunFolder folder = RunFolder.open(run);
    LearningSystem<?> system = EvalCommand.systemOf(folder);
    Columns named = given.orElseGet(() -> trainedWith(folder, system));
    Progress progress = Progress.onStandardError();
    String csv;
    try (Context context = Lacuna.open(device.options());
        Predictor predictor =
            Predictor.open(context, system, folder, seed, data.folder(), progress)) {
      ModelSignature signature = predictor.signature();
      Samples samples = samples(signature, named, progress);
      csv = PredictionCsv.of(signature, predictor.predict(samples, progress));
    }
    if (out == null) {
      PrintWriter standard = spec.commandLine().getOut();
      standard.print(csv);
      standard.flush();
    } else {
      AtomicFile.write(out, ByteBuffer.wrap(csv.getBytes(UTF_8)));
    }
    return 0;
  }

  private Samples samples(ModelSignature signature, Columns named, Progress progress) {
    FeatureOptions features = signature.features();
    try (Tokens tokens = features.tokens(data.folder(), progress)) {
      return Samples.read(input, named, features, tokens, signature.modalities(), progress);
    }
  }

  /** What the columns of the data were called that the model has learned from. */
  private static <O extends Record> Columns trainedWith(
      RunFolder folder, LearningSystem<O> system) {
    RunConfig<O> config = folder.document().config(RunConfig.class, system.options());
    return config.data() instanceof OwnDataSource own ? own.columns() : Columns.STANDARD;
  }

  private static LacunaException bad(String message) {
    return new LacunaException(Status.INVALID_ARGUMENT, message);
  }
}
