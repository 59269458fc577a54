package dev.lacuna.jcuda;

import dev.lacuna.Context;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.spi.Memory;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import org.jspecify.annotations.Nullable;

/**
 * JCuda's device pointers and streams as Lacuna's, and the other way round. Nothing is copied and
 * nothing waits.
 *
 * <p>JCuda's side must work in the device's primary context ({@code cuDevicePrimaryCtxRetain},
 * which JCuda's runtime API uses by itself): memory of another context is refused with the reason.
 * Work on different streams is ordered by nobody: let Lacuna {@linkplain #useStream use the
 * program's stream}, or the program {@linkplain #stream Lacuna's}.
 */
public final class JCudaInterop {
  private JCudaInterop() {}

  /**
   * Device memory of JCuda as memory of a CUDA context.
   *
   * @param bytes size of what may be used from {@code pointer} on; it must lie in one allocation
   * @return memory that the program keeps owning: {@link Context#free} lets go of it before {@code
   *     cuMemFree}
   */
  public static Memory memory(Context context, CUdeviceptr pointer, long bytes) {
    return context.adopt(NativePointers.get(pointer), bytes);
  }

  /** Memory of a CUDA context as a device pointer, valid as long as the memory is. */
  public static CUdeviceptr pointer(Memory memory) {
    return NativePointers.set(new CUdeviceptr(), memory.address());
  }

  /**
   * Real numbers in adopted memory as a tensor of a tape, used in place: they must stay alive and
   * unchanged till the tape is reset.
   */
  public static Tensor tensor(Tape tape, Memory memory, long... shape) {
    return tape.borrow(memory, 0, shape);
  }

  /** Where a tensor's numbers lie, valid till its tape is reset. */
  public static CUdeviceptr pointer(Tensor tensor) {
    return NativePointers.set(new CUdeviceptr(), tensor.memory().address() + tensor.offset());
  }

  /**
   * Lets a CUDA context work on a stream of the program, behind all that was issued before; null
   * goes back to its own, which is to be done before the stream is destroyed. The program's default
   * stream, on which JCuda works where it names none, is {@link #defaultStream()}.
   */
  public static void useStream(Context context, @Nullable CUstream stream) {
    context.useStream(stream == null ? 0 : NativePointers.get(stream));
  }

  /** The driver's legacy default stream. Streams of Lacuna's own do not wait for it. */
  public static CUstream defaultStream() {
    return NativePointers.set(new CUstream(), 1);
  }

  /** The stream that a CUDA context works on. */
  public static CUstream stream(Context context) {
    return NativePointers.set(new CUstream(), context.stream());
  }
}
