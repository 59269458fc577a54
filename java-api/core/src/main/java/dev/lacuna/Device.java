package dev.lacuna;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where ops run: a back end, and which of its devices. Written {@code cpu}, {@code cuda}, {@code
 * cuda:1}.
 *
 * @param backend {@code auto} (the best that works), {@code cpu}, {@code cuda}, {@code reference},
 *     {@code reference-f64} or the name of another provider
 * @param index ordinal of the GPU; every other back end has device 0 only
 */
public record Device(String backend, int index) {
  private static final String CUDA = "cuda";
  private static final Pattern TEXT = Pattern.compile("([a-z][a-z0-9-]*)(?::(0|[1-9][0-9]{0,8}))?");

  /** The best device that works: a GPU that has passed its self-test, else the CPU. */
  public static final Device AUTO = new Device("auto", 0);

  /** Checks the ranges. */
  public Device {
    if (index < 0 || (index > 0 && !backend.equals(CUDA))) {
      throw new IllegalArgumentException(
          "device " + index + " of back end " + backend + ", want " + (index < 0 ? ">= 0" : "0"));
    }
  }

  /** The processor. */
  public static Device cpu() {
    return new Device("cpu", 0);
  }

  /** An NVIDIA GPU by its ordinal. */
  public static Device cuda(int index) {
    return new Device(CUDA, index);
  }

  /** Reads what {@link #toString} writes; {@code cuda} is {@code cuda:0}. */
  public static Device parse(String text) {
    Matcher matcher = TEXT.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "device is '" + text + "', want auto, cpu, cuda, cuda:N, reference or reference-f64");
    }
    String index = matcher.group(2);
    return new Device(matcher.group(1), index == null ? 0 : Integer.parseInt(index));
  }

  @Override
  public String toString() {
    return index == 0 ? backend : backend + ":" + index;
  }
}
