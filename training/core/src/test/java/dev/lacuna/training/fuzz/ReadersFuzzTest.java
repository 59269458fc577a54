package dev.lacuna.training.fuzz;

import com.google.protobuf.CodedOutputStream;
import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.io.OnnxWeights;
import dev.lacuna.io.SafeTensors;
import dev.lacuna.training.audio.Wav;
import dev.lacuna.training.audio.WavReader;
import dev.lacuna.training.compare.Cell;
import dev.lacuna.training.compare.CellFolder;
import dev.lacuna.training.compare.ComparisonConfig;
import dev.lacuna.training.compare.ComparisonFolder;
import dev.lacuna.training.data.AvMnist;
import dev.lacuna.training.data.AvMnistSource;
import dev.lacuna.training.data.DataTargets;
import dev.lacuna.training.data.Scaling;
import dev.lacuna.training.data.emoji.EmojiTargets;
import dev.lacuna.training.data.own.FeatureOptions;
import dev.lacuna.training.data.own.OwnTargets;
import dev.lacuna.training.loop.TrainingLoop;
import dev.lacuna.training.loop.TrainingOptions;
import dev.lacuna.training.mla.MlaOptions;
import dev.lacuna.training.report.Diagnostic;
import dev.lacuna.training.report.Results;
import dev.lacuna.training.report.RunDocument;
import dev.lacuna.training.report.RunFolder;
import dev.lacuna.training.system.ModelSignature;
import dev.lacuna.training.system.RunConfig;
import dev.lacuna.training.system.SeedResult;
import dev.lacuna.training.text.TextTokenizer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Every reader of files, which share the seconds of {@code lacuna.test.fuzz.seconds}. */
class ReadersFuzzTest {
  private static final long SECONDS = Long.getLong("lacuna.test.fuzz.seconds", 10);

  private static final AvMnistSource DATA = new AvMnistSource(30, 20, 10, 5, AvMnist.MODALITIES);
  private static final RunConfig<MlaOptions> CONFIG =
      new RunConfig<>(DATA, "image=0.3", 7, 3, TrainingOptions.DEFAULT, MlaOptions.DEFAULT);

  @TempDir Path temporary;
  private final Context context = Lacuna.open(Device.parse("reference"));
  private final ParameterStore store = new ParameterStore(context);
  private @Nullable RunFolder stopped;

  @AfterEach
  void close() {
    if (stopped != null) {
      stopped.close();
    }
    store.close();
    context.close();
  }

  @TestFactory
  Stream<DynamicTest> damagedFilesAreReadOrRefusedAtLittleCost() throws IOException {
    List<Target> targets = new ArrayList<>();
    targets.addAll(DataTargets.in(temporary));
    targets.addAll(EmojiTargets.in(temporary));
    targets.addAll(OwnTargets.in(temporary));
    targets.add(wav());
    targets.add(safetensors());
    targets.add(onnx());
    targets.add(tokenizer());
    targets.addAll(finishedRun());
    targets.addAll(stoppedRun());
    targets.addAll(comparison());
    Duration each = Duration.ofSeconds(SECONDS).dividedBy(targets.size());
    return targets.stream()
        .map(target -> DynamicTest.dynamicTest(target.name(), () -> Fuzz.run(target, each)));
  }

  private Target wav() {
    byte[] stereo = Wav.file(22_050, 2, new short[600]);
    byte[] floats = Wav.file(3, 32, new byte[800]);
    return Target.binary(
        "WAV",
        temporary.resolve("0.wav"),
        WavReader::read,
        Wav.tone(8_000, 440, 0.1),
        stereo,
        floats);
  }

  private Target safetensors() throws IOException {
    SafeTensors content = new SafeTensors();
    content.metadata().put("system", "mla");
    content.tensors().put("weight", new SafeTensors.Entry(new long[] {2, 3}, new float[6]));
    content.tensors().put("epochs", new SafeTensors.Entry(new long[] {5}, new double[5]));
    content.tensors().put("none", new SafeTensors.Entry(new long[] {0, 4}, new float[0]));
    Path file = temporary.resolve("any.safetensors");
    content.write(file);
    return Target.binary("safetensors", file, SafeTensors::read, Files.readAllBytes(file))
        .refusing(IllegalArgumentException.class);
  }

  private Target onnx() throws IOException {
    byte[] node =
        message(out -> {
          out.writeString(1, "x");
          out.writeString(1, "onnx::MatMul_7");
          out.writeString(2, "y");
          out.writeString(3, "/query/MatMul");
          out.writeString(4, "MatMul");
        });
    byte[] raw =
        message(out -> {
          out.writeInt64(1, 2);
          out.writeInt64(1, 3);
          out.writeInt32(2, 1);
          out.writeString(8, "onnx::MatMul_7");
          out.writeByteArray(9, new byte[24]);
        });
    byte[] packed =
        message(out -> {
          out.writeByteArray(1, new byte[] {4});
          out.writeInt32(2, 1);
          out.writeByteArray(4, new byte[16]);
          out.writeString(8, "query.bias");
          out.writeEnum(14, 0);
        });
    byte[] graph =
        message(out -> {
          out.writeByteArray(1, node);
          out.writeString(2, "graph");
          out.writeByteArray(5, raw);
          out.writeByteArray(5, packed);
        });
    return Target.binary(
        "ONNX",
        temporary.resolve("any.onnx"),
        file -> {
          OnnxWeights weights = OnnxWeights.read(file);
          weights.tensor(weights.nodeInput("/query/MatMul", 1), 2, 3);
          weights.tensor("query.bias", 4);
        },
        message(out -> out.writeByteArray(7, graph)));
  }

  private Target tokenizer() throws IOException {
    try (InputStream in = ReadersFuzzTest.class.getResourceAsStream("/tokenizer/wordpiece.json")) {
      return Target.text(
          "tokenizer.json",
          temporary.resolve("tokenizer.json"),
          file -> TextTokenizer.read(file).close(),
          Objects.requireNonNull(in).readAllBytes());
    }
  }

  /** Writes the fields of a message. */
  private interface Fields {
    void write(CodedOutputStream out) throws IOException;
  }

  private static byte[] message(Fields fields) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    fields.write(out);
    out.flush();
    return bytes.toByteArray();
  }

  private List<Target> finishedRun() throws IOException {
    store.group("image").add("weight", i -> 0.1 * i, 2, 3);
    Path folder = temporary.resolve("finished");
    ModelSignature signature =
        new ModelSignature(
            List.of("cat", "dog"),
            true,
            FeatureOptions.DEFAULT,
            List.of(new ModelSignature.Input("image", 1, 28, 28, new Scaling(0.3, 0.1), 0)));
    try (RunFolder run = RunFolder.create(folder)) {
      run.writeModel(0, "mla", Map.of(), store);
      signature.write(run);
      run.writeMetrics("mla", CONFIG, new Results(), Map.of("seconds", 1.5));
    }
    RunFolder run = RunFolder.open(folder);
    return List.of(
        Target.text(
            "metrics.json",
            folder.resolve("metrics.json"),
            _ -> {
              RunDocument document = run.document();
              document.system();
              document.config(RunConfig.class, MlaOptions.class);
            },
            Files.readAllBytes(folder.resolve("metrics.json"))),
        Target.text(
            "model.json",
            folder.resolve("model.json"),
            _ -> ModelSignature.read(run),
            Files.readAllBytes(folder.resolve("model.json"))));
  }

  private List<Target> stoppedRun() throws IOException {
    Path folder = temporary.resolve("stopped");
    SafeTensors state = new SafeTensors();
    state.metadata().put("seed", "1");
    state.tensors().put("epochs", new SafeTensors.Entry(new long[] {1, 3}, new double[3]));
    List<TrainingLoop.Epoch> epochs = List.of(new TrainingLoop.Epoch(1, 0.5, 0.7, 2.5));
    RunFolder run = RunFolder.create(folder);
    stopped = run;
    run.begin("mla", CONFIG, 7);
    Diagnostic dots =
        new Diagnostic.Dots(
            "dots",
            "a caption",
            new Diagnostic.Axis("x", Diagnostic.Scale.LINEAR),
            List.of("a"),
            List.of(new Diagnostic.Series("s", List.of(0.1))));
    Diagnostic.Side side = new Diagnostic.Side("x", List.of(new Diagnostic.Span("a", 1)));
    Diagnostic matrix = new Diagnostic.Matrix("matrix", "", side, side, List.of(List.of(0.5)));
    Map<String, Map<String, Double>> measured = Map.of("complete", Map.of("accuracy", 0.9));
    run.writeProgress(
        List.of(
            new SeedResult(
                epochs,
                1,
                measured,
                List.of(),
                List.of(dots, matrix),
                Map.of("parameters", "7"),
                Map.of())));
    run.writeCheckpoint(state);
    return List.of(
        Target.text(
            "run.json",
            folder.resolve("run.json"),
            _ -> {
              RunDocument document = run.document();
              document.system();
              document.config(RunConfig.class, MlaOptions.class);
            },
            Files.readAllBytes(folder.resolve("run.json"))),
        Target.text(
            "progress.json",
            folder.resolve("progress.json"),
            _ -> run.readProgress(SeedResult.class),
            Files.readAllBytes(folder.resolve("progress.json"))),
        Target.binary(
            "checkpoint",
            folder.resolve("checkpoint.safetensors"),
            _ -> run.readCheckpoint(1),
            Files.readAllBytes(folder.resolve("checkpoint.safetensors"))));
  }

  private List<Target> comparison() throws IOException {
    Path folder = temporary.resolve("compared");
    ComparisonConfig config =
        new ComparisonConfig(
            DATA, 3, List.of(0.0, 0.5), 2, List.of("mla"), TrainingOptions.DEFAULT, 0);
    ComparisonFolder.open(folder, config).close();
    CellFolder cells = new CellFolder(folder.resolve("cells"));
    cells.write(new Cell("mla", 0.5, 1, new boolean[] {true, false}, 0.625, 12.5), CONFIG);
    Path cell = cells.file("mla", 0.5, 1);
    return List.of(
        Target.text(
            "protocol.json of a comparison",
            folder.resolve("protocol.json"),
            _ -> ComparisonFolder.open(folder, config).close(),
            Files.readAllBytes(folder.resolve("protocol.json"))),
        Target.text(
            "cell of a comparison",
            cell,
            _ -> cells.read("mla", 0.5, 1, CONFIG),
            Files.readAllBytes(cell)));
  }
}
