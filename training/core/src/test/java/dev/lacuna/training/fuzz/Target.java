package dev.lacuna.training.fuzz;

import dev.lacuna.LacunaException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * A reader and what it may do with a damaged file: read it, or refuse it with an exception of
 * exactly that class which names the file, and allocate up to {@code multiple} times the file and
 * {@code constant} bytes.
 *
 * @param name for messages
 * @param file where the reader looks
 * @param error the class of its exceptions
 * @param seeds good files
 */
public record Target(
    String name,
    Path file,
    Class<? extends RuntimeException> error,
    long multiple,
    long constant,
    Reader reader,
    List<byte[]> seeds) {
  /** Where a header says how much there is. */
  private static final int BINARY = 4;

  /** A cell, a list or a number of one or two characters becomes an object with its references. */
  private static final int TEXT = 64;

  /** Exceptions with their traces, and the buffers that a parser begins with. */
  private static final long CONSTANT = 256 << 10;

  /** Reads the target's file. */
  public interface Reader {
    /** Throws the target's error, or whatever else, which is a fault. */
    void read(Path file) throws IOException;
  }

  /** A format whose header says how much there is. */
  public static Target binary(String name, Path file, Reader reader, byte[]... seeds) {
    return new Target(name, file, LacunaException.class, BINARY, CONSTANT, reader, List.of(seeds));
  }

  /** A format that is text. */
  public static Target text(String name, Path file, Reader reader, byte[]... seeds) {
    return new Target(name, file, LacunaException.class, TEXT, CONSTANT, reader, List.of(seeds));
  }

  /** The same, for a reader with another exception. */
  public Target refusing(Class<? extends RuntimeException> other) {
    return new Target(name, file, other, multiple, constant, reader, seeds);
  }

  /** The same, for a reader that needs other amounts of memory. */
  public Target allocating(long times, long plus) {
    return new Target(name, file, error, times, plus, reader, seeds);
  }
}
