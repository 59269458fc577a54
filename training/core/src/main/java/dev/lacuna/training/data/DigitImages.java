package dev.lacuna.training.data;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.progress.Progress;
import java.nio.file.Path;

/**
 * MNIST's images, of one size.
 *
 * @param train those of its training file, of which validation has some
 * @param test those of its test file
 */
record DigitImages(LabelledImages train, LabelledImages test) {
  /** Reads them from a data folder, fetched where they are not there. */
  static DigitImages load(Path folder, Progress progress) {
    Path mnist = MnistImages.locate(folder, progress);
    LabelledImages train = LabelledImages.train(mnist, AvMnist.CLASSES);
    LabelledImages test = LabelledImages.test(mnist, AvMnist.CLASSES);
    IdxReader.Images first = train.images();
    IdxReader.Images second = test.images();
    if (first.height() != second.height() || first.width() != second.width()) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          mnist
              + ": training images are "
              + first.height()
              + " x "
              + first.width()
              + ", test images "
              + second.height()
              + " x "
              + second.width()
              + ", want one size");
    }
    return new DigitImages(train, test);
  }

  int height() {
    return train.images().height();
  }

  int width() {
    return train.images().width();
  }
}
