package dev.lacuna.training.cli;

import dev.lacuna.Context;
import dev.lacuna.Lacuna;
import dev.lacuna.training.pretrain.ImagePretraining;
import dev.lacuna.training.progress.Progress;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code lacuna pretrain}. */
@Command(
    name = "pretrain",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Trains the small image transformer that 'train mmp' freezes, and keeps it in the data folder "
          + "as vit/vit.safetensors, in timm's naming.",
      "It learns to tell digits (MNIST) and clothing (Fashion-MNIST) in random colours, 32 x 32. "
          + "'train mmp' does the same where it needs the transformer and it is not there."
    })
final class PretrainCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--images",
      paramLabel = "N",
      defaultValue = "20000",
      description = "Training pictures of each of the two sets (default: ${DEFAULT-VALUE}).")
  private int images;

  @Option(
      names = "--epochs",
      paramLabel = "N",
      defaultValue = "3",
      description = "Passes over them (default: ${DEFAULT-VALUE}).")
  private int epochs;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description = "Of weights, choice, order and colours (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Mixin private DataOptions data = new DataOptions();
  @Mixin private DeviceOptions device = new DeviceOptions();

  /** For picocli. */
  PretrainCommand() {}

  @Override
  public Integer call() {
    ImagePretraining pretraining;
    try {
      pretraining = new ImagePretraining(images, epochs, seed);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
    try (Context context = Lacuna.open(device.options())) {
      double accuracy = pretraining.run(context, data.folder(), Progress.onStandardError());
      spec.commandLine()
          .getOut()
          .printf(
              Locale.ROOT,
              "accuracy %.4f on held-out pictures of 20 classes; %s%n",
              accuracy,
              ImagePretraining.file(data.folder()));
      spec.commandLine().getOut().flush();
    }
    return 0;
  }
}
