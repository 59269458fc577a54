package dev.lacuna.training.pretrain;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.io.SafeTensors;
import dev.lacuna.nn.Groups;
import dev.lacuna.nn.Linear;
import dev.lacuna.nn.TransformerEncoder.Activation;
import dev.lacuna.nn.TransformerEncoder.Config;
import dev.lacuna.nn.TransformerEncoder.Norm;
import dev.lacuna.nn.VisionTransformer;
import dev.lacuna.ops.SoftmaxOp;
import dev.lacuna.optim.AdamW;
import dev.lacuna.training.data.FashionMnist;
import dev.lacuna.training.data.LabelledImages;
import dev.lacuna.training.data.MnistImages;
import dev.lacuna.training.data.Modality;
import dev.lacuna.training.loop.Ranges;
import dev.lacuna.training.metrics.Accuracy;
import dev.lacuna.training.progress.Progress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A small image transformer that has learned to tell the 10 digits of MNIST and the 10 kinds of
 * clothing of Fashion-MNIST, in random colours. It is kept in the data folder as safetensors in
 * timm's naming.
 *
 * @param images training pictures of each of the two sets, at random
 * @param epochs passes over them
 * @param seed of weights, choice, order and colours
 */
public record ImagePretraining(int images, int epochs, long seed) {
  /** What is made where nobody has asked for something else. */
  public static final ImagePretraining DEFAULT = new ImagePretraining(20_000, 3, 0);

  /** Heads of the transformer. */
  private static final int HEADS = 4;

  private static final String HEADS_KEY = "heads";

  private static final Config CONFIG =
      new Config(128, 4, HEADS, 512, Norm.PRE, VisionTransformer.EPSILON, Activation.GELU);

  private static final int PATCH = 4;
  private static final int CLASSES = 10;
  private static final int BATCH = 64;
  private static final int TEST = 2_000;
  private static final double RATE = 1e-3;
  private static final double WARM_UP = 0.05;
  private static final String FOLDER = "vit";
  private static final String FILE = "vit.safetensors";
  private static final int CHOICE = 0x5A00;
  private static final int ORDER = 0x5A01;
  private static final int COLOURS = 0x5A02;
  private static final int TEST_COLOURS = 0x5A03;

  /** Checks the ranges. */
  public ImagePretraining {
    Ranges.require(images >= BATCH && images <= 60_000, "images", images, BATCH + " to 60000");
    Ranges.require(epochs >= 1, "epochs", epochs, ">= 1");
  }

  /** Where the transformer lies in a data folder. */
  public static Path file(Path folder) {
    return folder.resolve(FOLDER).resolve(FILE);
  }

  /** Whether a modality's features are pictures as the transformer takes them. */
  public static boolean fits(Modality modality) {
    return !modality.hasTokens()
        && modality.channels() == ColouredImages.CHANNELS
        && modality.height() == ColouredImages.SIZE
        && modality.width() == ColouredImages.SIZE;
  }

  /** The transformer of a data folder, which is made by {@link #DEFAULT} where it is not there. */
  public static SafeTensors located(Context context, Path folder, Progress progress) {
    if (!Files.exists(file(folder))) {
      progress.note("there is no pretrained image transformer yet; 'lacuna pretrain' makes it");
      DEFAULT.run(context, folder, progress);
    }
    return SafeTensors.read(file(folder));
  }

  /**
   * Heads of a transformer's attention, which tensors do not tell.
   *
   * @throws LacunaException where its file does not say
   */
  public static int heads(SafeTensors transformer, Path folder) {
    String heads = transformer.metadata().getOrDefault(HEADS_KEY, "nothing");
    if (!heads.matches("[1-9][0-9]{0,3}")) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          file(folder)
              + ": its metadata says of \"heads\" "
              + heads
              + ", want the number of heads of its attention");
    }
    return Integer.parseInt(heads);
  }

  /**
   * Trains and writes the transformer, in place of one that was there.
   *
   * @param folder of prepared data
   * @return its accuracy on test pictures of both sets
   */
  public double run(Context context, Path folder, Progress progress) {
    Path mnist = MnistImages.locate(folder, progress);
    Path fashion = FashionMnist.locate(folder, progress);
    ColouredImages train =
        new ColouredImages(
            List.of(LabelledImages.train(mnist, CLASSES), LabelledImages.train(fashion, CLASSES)),
            CLASSES);
    ColouredImages test =
        new ColouredImages(
            List.of(LabelledImages.test(mnist, CLASSES), LabelledImages.test(fashion, CLASSES)),
            CLASSES);
    try (ParameterStore store = new ParameterStore(context);
        Tape tape = new Tape(context)) {
      ParameterGroup group = store.group("vit");
      VisionTransformer transformer =
          new VisionTransformer(
              Groups.one(group),
              new VisionTransformer.Input(
                  ColouredImages.CHANNELS, ColouredImages.SIZE, ColouredImages.SIZE, PATCH),
              CONFIG,
              seed);
      Linear head =
          new Linear(
              group, "head", CONFIG.width(), train.classes(), new CounterRandom(seed, CHOICE, 1));
      learn(
          new AdamW(context, AdamW.Options.DEFAULT, group),
          tape,
          transformer,
          head,
          train,
          store,
          progress);
      double accuracy = accuracy(tape, transformer, head, test, progress);
      write(folder, transformer, accuracy);
      return accuracy;
    }
  }

  private void learn(
      AdamW optimizer,
      Tape tape,
      VisionTransformer transformer,
      Linear head,
      ColouredImages data,
      ParameterStore store,
      Progress progress) {
    int[] chosen = data.some(images, new CounterRandom(seed, CHOICE, 0));
    int steps = chosen.length / BATCH;
    long all = (long) steps * epochs;
    try (Progress.Task task = progress.start("pretraining an image transformer", all)) {
      for (int step = 0; step < all; step++) {
        int[] order = new CounterRandom(seed, ORDER, step / steps).permutation(chosen.length);
        int from = step % steps * BATCH;
        int[] batch = Arrays.stream(order, from, from + BATCH).map(i -> chosen[i]).toArray();
        tape.reset();
        store.zeroGrad();
        Tensor logits =
            logits(tape, transformer, head, data, batch, new CounterRandom(seed, COLOURS, step));
        int[] labels = Arrays.stream(batch).map(data::label).toArray();
        Tensor loss = SoftmaxOp.crossEntropy(logits, tape.input(labels, labels.length));
        loss.backward();
        double done = (double) step / all;
        double warm = Math.min(1, (done + 1.0 / all) / WARM_UP);
        optimizer.step(RATE * warm * 0.5 * (1 + Math.cos(Math.PI * done)));
        task.step(1);
        if (step % 20 == 0 || step == all - 1) {
          double value = loss.item();
          if (!Double.isFinite(value)) {
            throw new LacunaException(
                Status.NON_FINITE,
                "pretraining diverges: the loss is " + value + " in step " + step);
          }
          task.message(String.format(Locale.ROOT, "loss %.4f", value));
        }
      }
    }
  }

  private static Tensor logits(
      Tape tape,
      VisionTransformer transformer,
      Linear head,
      ColouredImages data,
      int[] batch,
      CounterRandom random) {
    int size = ColouredImages.CHANNELS * ColouredImages.SIZE * ColouredImages.SIZE;
    float[] pixels = new float[batch.length * size];
    for (int i = 0; i < batch.length; i++) {
      System.arraycopy(data.image(batch[i], random, i), 0, pixels, i * size, size);
    }
    Tensor images =
        tape.input(
            pixels,
            batch.length,
            ColouredImages.CHANNELS,
            ColouredImages.SIZE,
            ColouredImages.SIZE);
    return head.forward(
        transformer.encoder().first(transformer.embed(images), null).classFeature());
  }

  private double accuracy(
      Tape tape,
      VisionTransformer transformer,
      Linear head,
      ColouredImages data,
      Progress progress) {
    int[] chosen = new CounterRandom(seed, TEST_COLOURS, 0).permutation(data.size());
    int count = Math.min(TEST, data.size());
    double[][] logits = new double[count][];
    try (Progress.Task task = progress.start("testing it", count)) {
      for (int from = 0; from < count; from += BATCH) {
        int first = from;
        int[] batch = Arrays.copyOfRange(chosen, from, Math.min(count, from + BATCH));
        tape.reset();
        tape.withoutGradients(() -> {
          CounterRandom colours = new CounterRandom(seed, TEST_COLOURS, 1 + first);
          double[] flat = logits(tape, transformer, head, data, batch, colours).toDoubleArray();
          int classes = data.classes();
          for (int i = 0; i < batch.length; i++) {
            logits[first + i] = Arrays.copyOfRange(flat, i * classes, (i + 1) * classes);
          }
        });
        task.step(batch.length);
      }
    }
    return Accuracy.of(logits, Arrays.stream(chosen, 0, count).map(data::label).toArray());
  }

  private void write(Path folder, VisionTransformer transformer, double accuracy) {
    SafeTensors file = transformer.export();
    file.metadata().put("data", "MNIST and Fashion-MNIST in random colours, 20 classes");
    file.metadata().put("images", Integer.toString(2 * images));
    file.metadata().put("epochs", Integer.toString(epochs));
    file.metadata().put("seed", Long.toString(seed));
    file.metadata().put(HEADS_KEY, Integer.toString(HEADS));
    file.metadata().put("accuracy", String.format(Locale.ROOT, "%.4f", accuracy));
    Path path = file(folder);
    try {
      Files.createDirectories(path.getParent());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    file.write(path);
  }
}
