package dev.lacuna.training.data;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.lacuna.CounterRandom;
import dev.lacuna.LacunaException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * Feeds damaged copies of a good file to a reader: it must take them or throw a LacunaException,
 * and allocate at most a multiple of the file, four times it where nothing else is said.
 */
public final class Fuzz {
  private static final int[] HOSTILE = {
    0, 1, -1, Integer.MIN_VALUE, Integer.MAX_VALUE, 0x10000, 0xFFFF, 0x40000000, 0x80808080
  };

  /** For exceptions and their texts. */
  private static final long SLACK = 64 << 10;

  private Fuzz() {}

  /** Runs mutants; a failure names the seed that repeats it. */
  public static void run(byte[] good, int header, int mutants, Consumer<byte[]> reader) {
    run(good, header, mutants, 4, SLACK, reader);
  }

  /** Likewise, with up to multiple * length + slack bytes of memory. */
  public static void run(
      byte[] good, int header, int mutants, long multiple, long slack, Consumer<byte[]> reader) {
    reader.accept(good);
    int refused = 0;
    for (int seed = 0; seed < mutants; seed++) {
      byte[] mutant = mutate(good, header, new CounterRandom(seed, 0xF022, 0));
      long limit = multiple * mutant.length + slack;
      Outcome outcome = read(reader, mutant, seed);
      if (outcome.allocated > limit) {
        // the first time on a path, the JVM itself allocates to link it
        outcome = read(reader, mutant, seed);
      }
      assertTrue(
          outcome.allocated <= limit,
          "seed " + seed + ": " + outcome.allocated + " bytes for a file of " + mutant.length);
      refused += outcome.refused ? 1 : 0;
    }
    assertTrue(refused > mutants / 4, "only " + refused + " of " + mutants + " mutants refused");
  }

  private record Outcome(boolean refused, long allocated) {}

  private static Outcome read(Consumer<byte[]> reader, byte[] mutant, int seed) {
    var thread = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    boolean refused = false;
    long before = thread.getCurrentThreadAllocatedBytes();
    try {
      reader.accept(mutant);
    } catch (LacunaException expected) {
      refused = true;
    } catch (RuntimeException | Error e) {
      fail("seed " + seed + ": " + e, e);
    }
    return new Outcome(refused, thread.getCurrentThreadAllocatedBytes() - before);
  }

  private static byte[] mutate(byte[] good, int header, CounterRandom random) {
    byte[] bytes = good.clone();
    int draw = 0;
    for (int edits = 1 + random.below(draw++, 3); edits > 0; edits--) {
      int kind = random.below(draw++, 6);
      int at = random.below(draw++, Math.max(1, bytes.length));
      int atHeader = random.below(draw++, header);
      int value = random.bits(draw++);
      if (kind == 0) {
        bytes = Arrays.copyOf(bytes, at);
      } else if (kind == 1) {
        bytes = Arrays.copyOf(bytes, bytes.length + at % 100);
      } else if (bytes.length > atHeader + 4) {
        ByteBuffer out = ByteBuffer.wrap(bytes);
        switch (kind) {
          case 2 -> out.put(at, (byte) value);
          case 3 -> out.put(atHeader, (byte) value);
          case 4 -> out.putInt(atHeader & ~1, HOSTILE[Math.floorMod(value, HOSTILE.length)]);
          default ->
              out.order(ByteOrder.LITTLE_ENDIAN).putInt(atHeader & ~3, bytes.length + value % 64);
        }
      }
    }
    return bytes;
  }
}
