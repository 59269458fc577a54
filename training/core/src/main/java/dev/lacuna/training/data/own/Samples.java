package dev.lacuna.training.data.own;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.multimodal.Presence;
import dev.lacuna.training.data.Modality;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.data.Tokens;
import dev.lacuna.training.progress.Progress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Samples without labels, to predict: of a CSV file as {@link OwnData} reads, where {@code label}
 * and {@code split} may be missing and are not looked at, or of a folder of files, in which files
 * of one name are one sample: {@code 7.png}, {@code 7.wav} and {@code 7.txt} are image, audio and
 * text of sample {@code 7}.
 *
 * @param ids names of the samples
 * @param modalities the model's modalities, in its order, with these samples' rows
 * @param rowOf rowOf[m][i] is the row of sample i in modality m, or {@link Split#ABSENT}
 */
public record Samples(List<String> ids, List<Modality> modalities, int[][] rowOf) {
  /** Copies the lists. */
  public Samples {
    ids = List.copyOf(ids);
    modalities = List.copyOf(modalities);
  }

  /**
   * Reads what a model can use of samples; a modality that none of them has is missing everywhere.
   *
   * @param path the CSV file or the folder
   * @param columns what the columns of a CSV file are called
   * @param options how files became features when the model was trained
   * @param trained the model's modalities; names, shapes and scaling count, rows do not
   * @throws LacunaException naming the file or the line and column at fault, or a sample of a CSV
   *     file that has none of the model's modalities; a folder's are left out, unless all are
   */
  public static Samples read(
      Path path,
      Columns columns,
      FeatureOptions options,
      List<Modality> trained,
      Progress progress) {
    return read(path, columns, options, null, trained, progress);
  }

  /**
   * The same where texts become tokens.
   *
   * @param tokens of the tokenizer of the training, or null where texts become features
   */
  public static Samples read(
      Path path,
      Columns columns,
      FeatureOptions options,
      @Nullable Tokens tokens,
      List<Modality> trained,
      Progress progress) {
    List<Kind> kinds = trained.stream().map(modality -> Kind.of(modality.name())).toList();
    Items given = Items.unlabelled(path, columns);
    FeatureReader reader =
        new FeatureReader(options, tokens, ArraySource.shapes(given.list(), kinds));
    for (int m = 0; m < kinds.size(); m++) {
      Kind kind = kinds.get(m);
      if (given.list().stream().anyMatch(item -> item.sources().containsKey(kind))) {
        checkShape(trained.get(m), kind, reader);
      }
    }
    List<Item> items = known(given, kinds, progress);
    FeatureTable table = FeatureTable.read(items, kinds, reader, progress);
    List<Modality> modalities =
        IntStream.range(0, kinds.size())
            .mapToObj(m -> {
              Modality model = trained.get(m);
              float[][] rows = table.rows()[m];
              model.scaling().apply(rows);
              return model.withRows(rows);
            })
            .toList();
    return new Samples(items.stream().map(Item::id).toList(), modalities, table.rowOf());
  }

  /** What a CSV file lists must be of use; a folder may have other files beside samples. */
  private static List<Item> known(Items items, List<Kind> kinds, Progress progress) {
    Map<Boolean, List<Item>> byUse =
        items.list().stream()
            .collect(
                Collectors.partitioningBy(
                    item -> kinds.stream().anyMatch(item.sources()::containsKey)));
    List<Item> useless = Objects.requireNonNull(byUse.get(false));
    List<Item> useful = Objects.requireNonNull(byUse.get(true));
    if (useless.isEmpty()) {
      return useful;
    }
    Item first = useless.getFirst();
    String known =
        "nothing that the model knows, which is "
            + String.join(", ", kinds.stream().map(Kind::text).toList());
    if (useful.isEmpty() || items.listed()) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT, first.where() + ": sample '" + first.id() + "' has " + known);
    }
    progress.note(
        first.where()
            + (useless.size() > 1 ? " and " + (useless.size() - 1) + " more have " : " has ")
            + known
            + "; left out");
    return useful;
  }

  private static void checkShape(Modality model, Kind kind, FeatureReader reader) {
    Modality here = reader.modality(kind, model.name(), new float[0][], model.scaling());
    if (!shape(model).equals(shape(here))) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "modality "
              + model.name()
              + " of the model is "
              + shape(model)
              + ", files would become "
              + shape(here));
    }
  }

  private static String shape(Modality modality) {
    return modality.shape()
        + (modality.hasTokens() ? " of " + modality.vocabulary() + " tokens" : "");
  }

  /** Number of samples. */
  public int size() {
    return ids.size();
  }

  /** Which modalities each sample has. */
  public Presence presence() {
    byte[] table = new byte[size() * rowOf.length];
    for (int i = 0; i < table.length; i++) {
      table[i] = (byte) (rowOf[i % rowOf.length][i / rowOf.length] == Split.ABSENT ? 0 : 1);
    }
    return new Presence(size(), rowOf.length, table);
  }
}
