package dev.lacuna.training.data;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * A data set in memory, as the training loops read it.
 *
 * @param name such as {@code avmnist}
 * @param modalities the feature tables
 * @param classNames classNames.get(c) is what the data calls class c
 * @param train to learn from
 * @param validation to choose by
 * @param test to report on
 * @param humanClips human recordings without images, or null where there are none
 */
public record MultimodalData(
    String name,
    List<Modality> modalities,
    List<String> classNames,
    Split train,
    Split validation,
    Split test,
    @Nullable Split humanClips) {
  /** Classes that have no names but their numbers. */
  public MultimodalData(
      String name,
      List<Modality> modalities,
      int classes,
      Split train,
      Split validation,
      Split test,
      @Nullable Split humanClips) {
    this(
        name,
        modalities,
        IntStream.range(0, classes).mapToObj(Integer::toString).toList(),
        train,
        validation,
        test,
        humanClips);
  }

  /** Checks that all splits fit the feature tables. */
  public MultimodalData {
    modalities = List.copyOf(modalities);
    classNames = List.copyOf(classNames);
    int classes = classNames.size();
    if (modalities.isEmpty() || classes < 2) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "data set "
              + name
              + " has "
              + modalities.size()
              + " modalities and "
              + classes
              + " classes, want 1 and 2 or more");
    }
    for (Split split : splits(train, validation, test, humanClips)) {
      split.check(classes, modalities);
      if (split.multiLabel() != train.multiLabel()) {
        throw new LacunaException(
            Status.INVALID_ARGUMENT,
            "data set "
                + name
                + " has several labels a sample in one of splits train and "
                + split.name()
                + " alone, want the same in all");
      }
    }
  }

  private static List<Split> splits(
      Split train, Split validation, Split test, @Nullable Split humanClips) {
    return humanClips == null
        ? List.of(train, validation, test)
        : List.of(train, validation, test, humanClips);
  }

  /** Whether a sample may have several classes, or none. */
  public boolean multiLabel() {
    return train.multiLabel();
  }

  /** The samples of a part. */
  public Split split(Part part) {
    return switch (part) {
      case TRAIN -> train;
      case VALIDATION -> validation;
      case TEST -> test;
    };
  }

  /** CRC-32 of labels, presence and features of all samples to train, choose and report by. */
  public long checksum() {
    CRC32 crc = new CRC32();
    for (Split split : List.of(train, validation, test)) {
      ByteBuffer labels = ByteBuffer.allocate(Integer.BYTES * split.size());
      labels.asIntBuffer().put(split.labels());
      crc.update(labels);
      if (split.targets() != null) {
        for (boolean[] row : split.targets()) {
          for (boolean target : row) {
            crc.update(target ? 1 : 0);
          }
        }
      }
      // without it a feature could move to the next sample that lacks one
      crc.update(split.presence().toBytes());
      for (int m = 0; m < modalities.size(); m++) {
        Modality modality = modalities.get(m);
        ByteBuffer row = ByteBuffer.allocate(Float.BYTES * modality.size());
        for (int index : split.rowOf()[m]) {
          if (index != Split.ABSENT) {
            row.clear().asFloatBuffer().put(modality.rows()[index]);
            crc.update(row);
          }
        }
      }
    }
    return crc.getValue();
  }

  /** Number of classes; labels are 0 to classes() - 1. */
  public int classes() {
    return classNames.size();
  }

  /** Names of the modalities in the order of the tables. */
  public List<String> modalityNames() {
    return modalities.stream().map(Modality::name).toList();
  }
}
