package dev.lacuna.training.report;

import dev.lacuna.io.SafeTensors;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

/** A checksum over all that a safetensors file says, within it: the format has none of its own. */
final class Seal {
  private static final String KEY = "sha256";

  private Seal() {}

  /** Adds the checksum, which nothing may be added after. */
  static void close(SafeTensors file) {
    file.metadata().put(KEY, digest(file));
  }

  /**
   * Checks it.
   *
   * @throws IllegalArgumentException where the file is not as it was written
   */
  static void check(SafeTensors file) {
    String found = file.metadata().getOrDefault(KEY, "none");
    String wanted = digest(file);
    if (!found.equals(wanted)) {
      throw new IllegalArgumentException(
          "it is damaged: its checksum is " + found + ", its content has " + wanted);
    }
  }

  private static String digest(SafeTensors file) {
    MessageDigest digest = sha256();
    Map<String, String> metadata = new TreeMap<>(file.metadata());
    metadata.remove(KEY);
    metadata.forEach((key, value) -> add(digest, key + "=" + value + "\n"));
    file.tensors()
        .forEach((name, tensor) -> {
          add(digest, name + Arrays.toString(tensor.shape()) + "\n");
          double[] numbers = tensor.doubles();
          ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(Double.BYTES, numbers.length));
          bytes.asDoubleBuffer().put(numbers);
          digest.update(bytes);
        });
    return HexFormat.of().formatHex(digest.digest());
  }

  /** Of a text. */
  static String digest(String text) {
    MessageDigest digest = sha256();
    add(digest, text);
    return HexFormat.of().formatHex(digest.digest());
  }

  private static void add(MessageDigest digest, String text) {
    digest.update(text.getBytes(StandardCharsets.UTF_8));
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e); // every Java has it
    }
  }
}
