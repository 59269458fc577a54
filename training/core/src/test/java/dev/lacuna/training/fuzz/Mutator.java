package dev.lacuna.training.fuzz;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.lacuna.CounterRandom;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/** Damages files, in ways that hurt binary headers and ways that hurt text. */
final class Mutator {
  private static final int LONGEST = 1 << 14;

  /** Where headers are. */
  private static final int HEADER = 64;

  private static final long[] EXTREMES = {
    0,
    1,
    -1,
    0x7F,
    0x80,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x10000,
    0x4000_0000,
    Integer.MAX_VALUE,
    Integer.MIN_VALUE,
    0xFFFF_FFFFL,
    1L << 40,
    Long.MAX_VALUE,
    Long.MIN_VALUE
  };
  private static final List<String> TOKENS =
      List.of(
          "[",
          "]",
          "[],",
          "{",
          "}",
          "{\"\":",
          "\"",
          "\"\",",
          ",",
          ":",
          "\n",
          "\r",
          "\0",
          "\\",
          "-",
          ".",
          "e9",
          "1e999",
          "null",
          "true",
          "NaN",
          "../",
          "/",
          "\uFEFF",
          "\uD83D\uDE00");

  private final List<byte[]> corpus;
  private final CounterRandom random;
  private long draws;

  private Mutator(List<byte[]> corpus, CounterRandom random) {
    this.corpus = corpus;
    this.random = random;
  }

  /** One to four edits of one of the files. */
  static byte[] mutant(List<byte[]> corpus, CounterRandom random) {
    Mutator mutator = new Mutator(corpus, random);
    byte[] bytes = mutator.file();
    for (int edits = 1 + mutator.below(4); edits > 0; edits--) {
      bytes = mutator.edited(bytes);
    }
    return bytes.length > LONGEST ? Arrays.copyOf(bytes, LONGEST) : bytes;
  }

  private int below(int bound) {
    return random.below(draws++, bound);
  }

  private byte[] file() {
    return corpus.get(below(corpus.size()));
  }

  private int place(byte[] bytes) {
    return below(1 + (below(2) == 0 ? Math.min(HEADER, bytes.length) : bytes.length));
  }

  private byte[] edited(byte[] bytes) {
    int at = place(bytes);
    int rest = bytes.length - at;
    return switch (below(9)) {
      case 0 -> Arrays.copyOf(bytes, at);
      case 1 -> Arrays.copyOf(bytes, bytes.length + below(100));
      case 2 -> spliced(bytes, at, Math.min(rest, 1), new byte[] {(byte) below(256)});
      case 3 -> flipped(bytes, at);
      case 4 -> {
        byte[] number = binary(bytes.length);
        yield spliced(bytes, at, Math.min(rest, number.length), number);
      }
      case 5 -> withNumber(bytes, at);
      case 6 -> {
        String token = TOKENS.get(below(TOKENS.size()));
        yield spliced(bytes, at, 0, token.repeat(1 << Math.max(0, below(20) - 8)).getBytes(UTF_8));
      }
      case 7 -> spliced(bytes, at, below(1 + rest), new byte[0]);
      default -> {
        byte[] other = file();
        int from = place(other);
        byte[] part = Arrays.copyOfRange(other, from, from + below(1 + other.length - from));
        yield spliced(bytes, at, below(1 + rest), part);
      }
    };
  }

  /** The bytes with a part replaced. */
  private static byte[] spliced(byte[] bytes, int at, int length, byte[] part) {
    return ByteBuffer.allocate(bytes.length - length + part.length)
        .put(bytes, 0, at)
        .put(part)
        .put(bytes, at + length, bytes.length - at - length)
        .array();
  }

  private byte[] flipped(byte[] bytes, int at) {
    byte[] copy = bytes.clone();
    if (at < copy.length) {
      copy[at] ^= (byte) (1 << below(8));
    }
    return copy;
  }

  /** An extreme number, or one about as large as the file, of 1 to 8 bytes. */
  private byte[] binary(int length) {
    long number =
        below(4) == 0 ? length + below(2 * HEADER) - HEADER : EXTREMES[below(EXTREMES.length)];
    byte[] eight =
        ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(number).array();
    byte[] bytes = Arrays.copyOf(eight, 1 << below(4));
    if (below(2) == 0) {
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] = eight[bytes.length - 1 - i];
      }
    }
    return bytes;
  }

  /** An extreme in the place of the next decimal number, where there is one. */
  private byte[] withNumber(byte[] bytes, int at) {
    int from = at;
    while (from < bytes.length && !digit(bytes[from])) {
      from++;
    }
    int to = from;
    while (to < bytes.length && digit(bytes[to])) {
      to++;
    }
    String number = Long.toString(EXTREMES[below(EXTREMES.length)]);
    return spliced(bytes, from, to - from, number.getBytes(UTF_8));
  }

  private static boolean digit(byte value) {
    return value >= '0' && value <= '9';
  }
}
