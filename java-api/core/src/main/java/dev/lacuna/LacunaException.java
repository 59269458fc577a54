package dev.lacuna;

/**
 * Something that Lacuna was asked for cannot be done; the message names the thing, what was given
 * and what was wanted.
 */
public final class LacunaException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final Status status;

  /** Creates an exception with a status and a text for people. */
  public LacunaException(Status status, String message) {
    super(message);
    this.status = status;
  }

  /** Creates an exception with its cause. */
  public LacunaException(Status status, String message, Throwable cause) {
    super(message, cause);
    this.status = status;
  }

  /** What kind of failure this is. */
  public Status status() {
    return status;
  }
}
