package dev.lacuna.training.data.own;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.multimodal.Presence;
import dev.lacuna.training.data.Modality;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.progress.Progress;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

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
   * @throws LacunaException naming the file or the line and column at fault, or a sample that has
   *     none of the model's modalities
   */
  public static Samples read(
      Path path,
      Columns columns,
      FeatureOptions options,
      List<Modality> trained,
      Progress progress) {
    List<Kind> kinds = trained.stream().map(modality -> Kind.of(modality.name())).toList();
    for (int m = 0; m < kinds.size(); m++) {
      checkShape(trained.get(m), kinds.get(m), options);
    }
    List<Item> items = Items.unlabelled(path, columns).list();
    for (Item item : items) {
      if (kinds.stream().noneMatch(item.sources()::containsKey)) {
        throw new LacunaException(
            Status.INVALID_ARGUMENT,
            item.where()
                + ": sample '"
                + item.id()
                + "' has nothing that the model knows, which is "
                + String.join(", ", kinds.stream().map(Kind::text).toList()));
      }
    }
    FeatureTable table = FeatureTable.read(items, kinds, options, progress);
    List<Modality> modalities =
        IntStream.range(0, kinds.size())
            .mapToObj(m -> {
              Modality model = trained.get(m);
              float[][] rows = table.rows()[m];
              model.scaling().apply(rows);
              return kinds.get(m).modality(model.name(), options, rows, model.scaling());
            })
            .toList();
    return new Samples(items.stream().map(Item::id).toList(), modalities, table.rowOf());
  }

  private static void checkShape(Modality model, Kind kind, FeatureOptions options) {
    Modality here = kind.modality(model.name(), options, new float[0][], model.scaling());
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

  private static List<Integer> shape(Modality modality) {
    return List.of(modality.channels(), modality.height(), modality.width());
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
