package dev.lacuna.benchmarks.peers;

import dev.lacuna.benchmarks.Contender;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** A job done with libtorch; temporary tensors are freed after each run. */
abstract class TorchContender implements Contender {
  static final LongOptional ROWS = new LongOptional(1);

  /** The job; returns the results in the workload's order. */
  abstract List<Tensor> work();

  /** Makes the state what it was at first. */
  void restart() {}

  /** Runs before the results are taken; more where the workload wants it. */
  int runsToResult() {
    return 1;
  }

  @Override
  public final void run() {
    try (PointerScope _ = new PointerScope()) {
      work();
    }
  }

  @Override
  public final float[] result() {
    restart();
    for (int i = 1; i < runsToResult(); i++) {
      run();
    }
    try (PointerScope _ = new PointerScope()) {
      List<float[]> parts = work().stream().map(TorchContender::values).toList();
      float[] all = new float[parts.stream().mapToInt(part -> part.length).sum()];
      int at = 0;
      for (float[] part : parts) {
        System.arraycopy(part, 0, all, at, part.length);
        at += part.length;
      }
      return all;
    }
  }

  /** OpenBLAS tells for which CPU its kernels are. */
  @Override
  public final String facts() {
    try (PointerScope _ = new PointerScope()) {
      MethodHandle core =
          Linker.nativeLinker()
              .downcallHandle(
                  SymbolLookup.libraryLookup("libopenblas.so.0", Arena.global())
                      .findOrThrow("openblas_get_corename"),
                  FunctionDescriptor.of(ValueLayout.ADDRESS));
      String blas = ((MemorySegment) core.invokeExact()).reinterpret(256).getString(0);
      return "ATen for " + torch.get_cpu_capability().getString() + ", OpenBLAS for " + blas;
    } catch (Throwable e) {
      throw new IllegalStateException("cannot ask libtorch for its instruction set", e);
    }
  }

  private static float[] values(Tensor tensor) {
    Tensor dense = tensor.detach().to(torch.ScalarType.Float).contiguous();
    float[] values = new float[Math.toIntExact(dense.numel())];
    dense.data_ptr_float().get(values);
    return values;
  }

  /** A tensor on the workload's own memory. */
  static Tensor tensor(MemorySegment floats, long... sizes) {
    return torch.from_blob(new At(floats), sizes);
  }

  private static final class At extends FloatPointer {
    At(MemorySegment floats) {
      address = floats.address();
      limit = floats.byteSize() / Float.BYTES;
      capacity = limit;
    }
  }

  static Scalar scalar(double value) {
    return new Scalar(value);
  }

  /** Column sums where {@code dimension} is 0. */
  static Tensor sum(Tensor tensor, long dimension, boolean kept) {
    return tensor.sum(new long[] {dimension}, kept, new ScalarTypeOptional());
  }

  /** Gradients by autograd. */
  static List<Tensor> gradients(List<Tensor> outputs, List<Tensor> inputs, List<Tensor> given) {
    TensorVector found =
        torch.grad(
            vector(outputs), vector(inputs), vector(given), new BoolOptional(), false, false);
    Tensor[] gradients = new Tensor[inputs.size()];
    Arrays.setAll(gradients, i -> found.get(i));
    return List.of(gradients);
  }

  private static TensorVector vector(List<Tensor> tensors) {
    return new TensorVector(tensors.toArray(Tensor[]::new));
  }
}
