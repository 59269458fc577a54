package dev.lacuna.jcuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.LacunaException;
import dev.lacuna.OpenOptions;
import dev.lacuna.Status;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.bindings.CudaProvider;
import dev.lacuna.ops.LinearOp;
import dev.lacuna.ops.ReduceOp;
import dev.lacuna.spi.Availability;
import dev.lacuna.spi.Memory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class JCudaTest {
  private final CUdevice device = new CUdevice();
  private final CUcontext primary = new CUcontext();
  private final CUstream stream = new CUstream();
  private Context context = openOnSystemDriver();

  private static Context openOnSystemDriver() {
    return new Context(
        new CudaProvider("libcuda.so.1"), OpenOptions.DEFAULT.withDevice(Device.cuda(0)));
  }

  @BeforeEach
  void startJCuda() {
    JCudaDriver.setExceptionsEnabled(true);
    JCudaDriver.cuInit(0);
    JCudaDriver.cuDeviceGet(device, 0);
    JCudaDriver.cuDevicePrimaryCtxRetain(primary, device);
    JCudaDriver.cuCtxPushCurrent(primary);
    JCudaDriver.cuStreamCreate(stream, 1);
  }

  @AfterEach
  void stopJCuda() {
    context.close();
    JCudaDriver.cuStreamDestroy(stream);
    JCudaDriver.cuCtxPopCurrent(new CUcontext());
    JCudaDriver.cuDevicePrimaryCtxRelease(device);
  }

  private CUdeviceptr allocate(float... values) {
    CUdeviceptr pointer = new CUdeviceptr();
    long bytes = 4L * values.length;
    JCudaDriver.cuMemAlloc(pointer, bytes);
    JCudaDriver.cuMemcpyHtoDAsync(pointer, Pointer.to(values), bytes, stream);
    JCudaDriver.cuStreamSynchronize(stream);
    return pointer;
  }

  private float[] read(CUdeviceptr pointer, int count) {
    float[] values = new float[count];
    JCudaDriver.cuMemcpyDtoHAsync(Pointer.to(values), pointer, 4L * count, stream);
    JCudaDriver.cuStreamSynchronize(stream);
    return values;
  }

  @Test
  void memoryOfJCudaIsATensorWithoutACopyAndTheResultIsAPointerForJCuda() {
    CUdeviceptr x = allocate(1, 2, 3, 4, 5, 6);
    Memory adopted = JCudaInterop.memory(context, x, 24);
    assertEquals(NativePointers.get(x), adopted.address());
    try (Tape tape = new Tape(context)) {
      JCudaInterop.useStream(context, stream);
      Tensor matrix = JCudaInterop.tensor(tape, adopted, 2, 3);
      Tensor weight = tape.input(new float[] {1, 0, 0, 1, 1, 1}, 2, 3);
      Tensor y = LinearOp.linear(matrix, weight, null);
      // No wait by Lacuna: both work on one stream.
      assertArrayEquals(new float[] {1, 6, 4, 15}, read(JCudaInterop.pointer(y), 4));
      JCudaInterop.useStream(context, null);
    }
    context.free(adopted);
    assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, read(x, 6));
    JCudaDriver.cuMemFree(x);
  }

  @Test
  void aPointerWithAnOffsetIsWhereItPoints() {
    CUdeviceptr x = allocate(1, 2, 3, 4);
    Memory tail = JCudaInterop.memory(context, x.withByteOffset(8), 8);
    assertArrayEquals(new double[] {3, 4}, context.read(tail, 0, 2));
    assertArrayEquals(new float[] {3, 4}, read(JCudaInterop.pointer(tail), 2));
    context.free(tail);
    JCudaDriver.cuMemFree(x);
  }

  @Test
  void lacunasStreamIsAStreamForJCuda() {
    CUstream own = JCudaInterop.stream(context);
    assertNotEquals(0, NativePointers.get(own));
    JCudaDriver.cuStreamSynchronize(own);
    JCudaInterop.useStream(context, stream);
    assertEquals(NativePointers.get(stream), NativePointers.get(JCudaInterop.stream(context)));
    JCudaInterop.useStream(context, null);
    assertEquals(NativePointers.get(own), NativePointers.get(JCudaInterop.stream(context)));
  }

  @Test
  void anAddressThatTheDriverDoesNotKnowIsRefused() {
    CUdeviceptr nowhere = NativePointers.set(new CUdeviceptr(), 4096);
    LacunaException refused =
        assertThrows(
            LacunaException.class, () -> JCudaInterop.memory(context, nowhere, 16).address());
    assertEquals(Status.INVALID_ARGUMENT, refused.status());
    CUdeviceptr small = allocate(1, 2);
    assertThrows(LacunaException.class, () -> JCudaInterop.memory(context, small, 1 << 20));
    JCudaDriver.cuMemFree(small);
  }

  @Test
  void aTensorThatDoesNotFitInItsMemoryIsRefused() {
    CUdeviceptr x = allocate(1, 2);
    Memory adopted = JCudaInterop.memory(context, x, 8);
    try (Tape tape = new Tape(context)) {
      assertThrows(IllegalArgumentException.class, () -> JCudaInterop.tensor(tape, adopted, 1, 3));
    }
    context.free(adopted);
    JCudaDriver.cuMemFree(x);
  }

  @Test
  void cublasIsThereOrSaysWhatItLacks() {
    Availability availability = Cublas.availability();
    if (availability.usable()) {
      try (Cublas cublas = Cublas.install(context)) {
        assertLinearMatches(cublas::close);
      }
    } else {
      assertTrue(availability.reason().contains("libcublas.so.12"), availability.reason());
      LacunaException refused =
          assertThrows(LacunaException.class, () -> Cublas.install(context).close());
      assertEquals(Status.UNSUPPORTED, refused.status());
    }
  }

  @Test
  void productsGivenToABlasGiveWhatLacunasKernelsGive() {
    int[] products = new int[1];
    Cublas.install(
        context,
        (ta, tb, m, n, k, a, lda, b, ldb, beta, c, ldc) -> {
          products[0]++;
          context.synchronize();
          multiply(ta, tb, m, n, k, at(a), lda, at(b), ldb, beta, at(c), ldc);
        });
    assertLinearMatches(() -> {
      assertEquals(3, products[0]);
      Cublas.install(context, null);
    });
    assertEquals(3, products[0]);
  }

  /** y, dx, dw and db of a layer, now and after {@code withoutBlas}. */
  private void assertLinearMatches(Runnable withoutBlas) {
    float[][] byBlas = linear();
    withoutBlas.run();
    float[][] own = linear();
    for (int i = 0; i < own.length; i++) {
      assertArrayEquals(own[i], byBlas[i], 1e-5f);
    }
    assertFalse(own[0][0] == 0);
  }

  private float[][] linear() {
    Random random = new Random(7);
    try (Tape tape = new Tape(context)) {
      Tensor x = input(tape, random, 5, 7).requiresGrad();
      Tensor w = input(tape, random, 3, 7).requiresGrad();
      Tensor b = input(tape, random, 1, 3).requiresGrad();
      Tensor y = LinearOp.linear(x, w, b.reshape(3));
      ReduceOp.mean(y, ReduceOp.Over.ALL).backward();
      return new float[][] {y.toArray(), x.grad(), w.grad(), b.grad()};
    }
  }

  private static Tensor input(Tape tape, Random random, int rows, int cols) {
    float[] values = new float[rows * cols];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextFloat() - 0.5f;
    }
    return tape.input(values, rows, cols);
  }

  /** The stand-in's device memory can be read by the host. */
  @SuppressWarnings("restricted")
  private static MemorySegment at(long address) {
    return MemorySegment.ofAddress(address).reinterpret(1 << 20);
  }

  /** The product of BLAS, column-major. */
  private static void multiply(
      boolean transposeA,
      boolean transposeB,
      int m,
      int n,
      int k,
      MemorySegment a,
      int lda,
      MemorySegment b,
      int ldb,
      float beta,
      MemorySegment c,
      int ldc) {
    for (int col = 0; col < n; col++) {
      for (int row = 0; row < m; row++) {
        double sum = 0;
        for (int depth = 0; depth < k; depth++) {
          long left = transposeA ? depth + (long) row * lda : row + (long) depth * lda;
          long right = transposeB ? col + (long) depth * ldb : depth + (long) col * ldb;
          sum +=
              (double) a.getAtIndex(ValueLayout.JAVA_FLOAT, left)
                  * b.getAtIndex(ValueLayout.JAVA_FLOAT, right);
        }
        long at = row + (long) col * ldc;
        float old = beta == 0 ? 0 : beta * c.getAtIndex(ValueLayout.JAVA_FLOAT, at);
        c.setAtIndex(ValueLayout.JAVA_FLOAT, at, (float) sum + old);
      }
    }
  }
}
