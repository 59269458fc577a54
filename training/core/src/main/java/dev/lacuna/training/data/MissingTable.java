package dev.lacuna.training.data;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.lacuna.CounterRandom;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.multimodal.Presence;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Fixed presence tables: the patterns that a model is evaluated on, and the file that keeps the
 * table of a run. The file is CSV: {@code sample,<modality>...}, one line of 0 and 1 per sample.
 */
public final class MissingTable {
  private static final String ONLY = "only_";
  private static final String MISSING = "missing_";

  private MissingTable() {}

  /**
   * The patterns of these modalities: complete, missing_X, half_missing, and with three or more
   * only_X (with two, only_X is missing_Y).
   */
  public static List<String> patterns(List<String> modalities) {
    List<String> patterns = new ArrayList<>(List.of("complete"));
    if (modalities.size() > 2) {
      modalities.forEach(modality -> patterns.add(ONLY + modality));
    }
    if (modalities.size() > 1) {
      modalities.forEach(modality -> patterns.add(MISSING + modality));
      patterns.add("half_missing");
    }
    return patterns;
  }

  /**
   * What is present under a pattern: {@code complete}, {@code only_X}, {@code missing_X} or {@code
   * half_missing} (half of the complete samples lose exactly one modality). Samples that would be
   * left with nothing, because the data has no more of them, keep what they have.
   *
   * @param available what the data has
   * @param random used by half_missing alone
   * @throws LacunaException where the pattern is unknown
   */
  public static Presence pattern(
      String pattern, List<String> modalities, Presence available, CounterRandom random) {
    if (pattern.equals("complete")) {
      return available;
    }
    if (pattern.equals("half_missing")) {
      return MissingRates.parse("0.5", modalities).draw(available, random);
    }
    boolean only = pattern.startsWith(ONLY);
    int named =
        modalities.indexOf(
            pattern.substring(only ? ONLY.length() : Math.min(MISSING.length(), pattern.length())));
    if (named < 0 || !(only || pattern.startsWith(MISSING))) {
      throw bad(
          "unknown pattern '"
              + pattern
              + "', want complete, half_missing, only_X or missing_X with X"
              + " one of "
              + String.join(", ", modalities));
    }
    byte[] table = available.toBytes();
    int width = modalities.size();
    for (int sample = 0; sample < available.samples(); sample++) {
      boolean left = false;
      for (int m = 0; m < width; m++) {
        left |= only == (m == named) && available.present(sample, m);
      }
      for (int m = 0; left && m < width; m++) {
        if (only != (m == named)) {
          table[sample * width + m] = 0;
        }
      }
    }
    return new Presence(available.samples(), width, table);
  }

  /** What is left where only one modality may be used; samples without it keep what they have. */
  public static Presence only(String modality, List<String> modalities, Presence available) {
    return pattern(ONLY + modality, modalities, available, new CounterRandom(0, 0, 0));
  }

  /** Writes a table, whole or not at all. */
  public static void write(Path file, Presence presence, List<String> modalities) {
    StringBuilder text = new StringBuilder(header(modalities)).append('\n');
    for (int sample = 0; sample < presence.samples(); sample++) {
      text.append(sample);
      for (int modality = 0; modality < modalities.size(); modality++) {
        text.append(presence.present(sample, modality) ? ",1" : ",0");
      }
      text.append('\n');
    }
    AtomicFile.write(file, ByteBuffer.wrap(text.toString().getBytes(UTF_8)));
  }

  /**
   * Reads a table written by {@link #write}.
   *
   * @throws LacunaException naming the file and the line
   */
  public static Presence read(Path file, List<String> modalities) {
    try {
      return parse(Files.readAllBytes(file), modalities, file.toString());
    } catch (IOException e) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT, file + ": missing table cannot be read: " + e, e);
    }
  }

  static Presence parse(byte[] bytes, List<String> modalities, String name) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    byte[] header = (header(modalities) + "\n").getBytes(UTF_8);
    if (bytes.length < header.length
        || !in.slice(0, header.length).equals(ByteBuffer.wrap(header))) {
      throw bad(name + ": line 1 is not '" + header(modalities) + "'");
    }
    in.position(header.length);
    int samples = 0;
    for (int i = header.length; i < bytes.length; i++) {
      samples += bytes[i] == '\n' ? 1 : 0;
    }
    int width = modalities.size();
    byte[] table = new byte[samples * width];
    for (int i = 0; i < table.length; i++) {
      if (i % width == 0 && number(in) != i / width) {
        throw badLine(name, i / width, width);
      }
      byte value = in.hasRemaining() ? in.get() : 0;
      byte end = in.hasRemaining() ? in.get() : 0;
      if ((value != '0' && value != '1') || end != (i % width == width - 1 ? '\n' : ',')) {
        throw badLine(name, i / width, width);
      }
      table[i] = (byte) (value - '0');
    }
    if (in.hasRemaining()) {
      throw badLine(name, samples, width);
    }
    try {
      return new Presence(samples, width, table);
    } catch (LacunaException e) {
      throw bad(name + ": " + e.getMessage());
    }
  }

  /** The digits before the next comma, -1 where there is something else. */
  private static int number(ByteBuffer in) {
    int number = 0;
    for (int digits = 0; in.hasRemaining() && digits < 10; digits++) {
      int c = in.get();
      if (c == ',') {
        return digits == 0 ? -1 : number;
      }
      if (c < '0' || c > '9') {
        return -1;
      }
      number = 10 * number + c - '0';
    }
    return -1;
  }

  private static String header(List<String> modalities) {
    return "sample," + String.join(",", modalities);
  }

  private static LacunaException badLine(String name, int sample, int width) {
    return bad(
        name
            + ": line "
            + (sample + 2)
            + ": want "
            + sample
            + " and then "
            + width
            + " values, each 0 or 1, separated by commas");
  }

  private static LacunaException bad(String message) {
    return new LacunaException(Status.INVALID_ARGUMENT, message);
  }
}
