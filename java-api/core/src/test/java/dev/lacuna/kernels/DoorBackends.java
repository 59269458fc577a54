package dev.lacuna.kernels;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.LacunaException;
import java.util.stream.Stream;
import org.junit.jupiter.api.function.Executable;

/** The back ends that the doors are tested on. */
final class DoorBackends {
  private static final boolean CUDA_IS_BUILT =
      DoorBackends.class.getResource("/dev/lacuna/natives/linux-x86_64/liblacuna_cuda.so") != null;

  private DoorBackends() {}

  /**
   * Those of {@code -Dlacuna.doors=a,b}, as where natives are at hand, else the references. CUDA
   * takes part where it was built.
   */
  static Stream<String> names() {
    return Stream.of(System.getProperty("lacuna.doors", "reference,reference-f64").split(",", -1))
        .filter(name -> !name.equals("cuda") || CUDA_IS_BUILT);
  }

  /**
   * A call that must be refused with a text; what a device finds wrong in its memory it tells when
   * it is waited for, and then names the op alone.
   */
  static LacunaException refused(Context context, String text, Executable call) {
    LacunaException e =
        assertThrows(
            LacunaException.class,
            () -> {
              call.execute();
              context.synchronize();
            });
    boolean late = !context.usesHostMemory() && e.getMessage().contains("refused on the device");
    assertTrue(late || e.getMessage().contains(text), e.getMessage());
    return e;
  }
}
