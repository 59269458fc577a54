package dev.lacuna.jcuda;

import dev.lacuna.Context;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.spi.Availability;
import dev.lacuna.spi.OpLayouts.LinearBwd;
import dev.lacuna.spi.OpLayouts.LinearFwd;
import java.util.List;
import java.util.function.IntSupplier;
import jcuda.CudaException;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasHandle;
import jcuda.jcublas.cublasOperation;
import jcuda.jcublas.cublasStatus;
import jcuda.runtime.cudaStream_t;
import org.jspecify.annotations.Nullable;

/**
 * cuBLAS, through JCublas, as the provider of a CUDA context's matrix products: {@code linear_fwd}
 * and {@code linear_bwd} go to {@code cublasSgemm} on the context's stream, in fp32. Products whose
 * sizes do not fit in 32 bits stay with Lacuna's own kernels.
 *
 * <p>JCublas needs {@code libcublas.so.12}, which CUDA 12 installs and the driver does not: ask
 * {@link #availability()}.
 */
public final class Cublas implements AutoCloseable {
  private final Context context;
  private final int device;
  private final CUcontext primary = new CUcontext();
  private final cublasHandle handle = new cublasHandle();

  private Cublas(Context context) {
    this.context = context;
    device = context.device().index();
    check("cuInit", () -> JCudaDriver.cuInit(0));
    CUdevice ordinal = new CUdevice();
    check("cuDeviceGet", () -> JCudaDriver.cuDeviceGet(ordinal, device));
    check("cuDevicePrimaryCtxRetain", () -> JCudaDriver.cuDevicePrimaryCtxRetain(primary, ordinal));
    try {
      inPrimaryContext(() -> check("cublasCreate", () -> JCublas2.cublasCreate(handle)));
    } catch (LacunaException e) {
      releasePrimaryContext();
      throw e;
    }
  }

  /** Whether JCublas can be loaded here, and why not where it cannot. */
  public static Availability availability() {
    try {
      JCublas2.initialize();
      return new Availability(true, "cuBLAS through JCublas", List.of());
    } catch (LinkageError e) {
      String reason =
          "JCublas cannot be loaded: it needs libcublas.so.12 of CUDA 12 on the library path ("
              + firstLines(e)
              + ")";
      return new Availability(false, reason, List.of());
    }
  }

  /**
   * Gives a CUDA context's matrix products to cuBLAS until the result is closed.
   *
   * @throws LacunaException {@link Status#UNSUPPORTED} with the reason where JCublas cannot be
   *     loaded or the context is not one of CUDA
   */
  public static Cublas install(Context context) {
    if (!context.backend().equals("cuda")) {
      throw new LacunaException(
          Status.UNSUPPORTED,
          "cuBLAS multiplies on the back end cuda, this context is on " + context.backend());
    }
    Availability availability = availability();
    if (!availability.usable()) {
      throw new LacunaException(Status.UNSUPPORTED, availability.reason());
    }
    Cublas cublas = new Cublas(context);
    install(context, cublas::multiply);
    return cublas;
  }

  /** Gives the products to an implementation of BLAS; null gives them back. */
  static void install(Context context, @Nullable Sgemm sgemm) {
    if (sgemm == null) {
      context.override(LinearFwd.OP, null);
      context.override(LinearBwd.OP, null);
      return;
    }
    LinearBySgemm linear = new LinearBySgemm(context, sgemm);
    context.override(LinearFwd.OP, linear::forward);
    context.override(LinearBwd.OP, linear::backward);
  }

  /** Gives the products back to Lacuna's own kernels; to be called before the context is closed. */
  @Override
  public void close() {
    try {
      install(context, null);
      inPrimaryContext(() -> check("cublasDestroy", () -> JCublas2.cublasDestroy(handle)));
    } finally {
      releasePrimaryContext();
    }
  }

  private void releasePrimaryContext() {
    CUdevice ordinal = new CUdevice();
    check("cuDeviceGet", () -> JCudaDriver.cuDeviceGet(ordinal, device));
    check("cuDevicePrimaryCtxRelease", () -> JCudaDriver.cuDevicePrimaryCtxRelease(ordinal));
  }

  private void multiply(
      boolean transposeA,
      boolean transposeB,
      int m,
      int n,
      int k,
      long a,
      int lda,
      long b,
      int ldb,
      float beta,
      long c,
      int ldc) {
    inPrimaryContext(() -> {
      cudaStream_t stream = NativePointers.set(new cudaStream_t(), context.stream());
      check("cublasSetStream", () -> JCublas2.cublasSetStream(handle, stream));
      check(
          "cublasSgemm",
          () ->
              JCublas2.cublasSgemm(
                  handle,
                  operation(transposeA),
                  operation(transposeB),
                  m,
                  n,
                  k,
                  Pointer.to(new float[] {1}),
                  address(a),
                  lda,
                  address(b),
                  ldb,
                  Pointer.to(new float[] {beta}),
                  address(c),
                  ldc));
    });
  }

  private static int operation(boolean transpose) {
    return transpose ? cublasOperation.CUBLAS_OP_T : cublasOperation.CUBLAS_OP_N;
  }

  private static Pointer address(long address) {
    return NativePointers.set(new Pointer(), address);
  }

  private void inPrimaryContext(Runnable work) {
    check("cuCtxPushCurrent", () -> JCudaDriver.cuCtxPushCurrent(primary));
    try {
      work.run();
    } finally {
      JCudaDriver.cuCtxPopCurrent(new CUcontext());
    }
  }

  /** Whether JCuda throws or answers is the program's choice: both become our exception. */
  private static void check(String call, IntSupplier work) {
    String reason;
    try {
      int status = work.getAsInt();
      if (status == 0) {
        return;
      }
      boolean blas = call.startsWith("cublas");
      reason = blas ? cublasStatus.stringFor(status) : CUresult.stringFor(status);
    } catch (CudaException e) {
      reason = String.valueOf(e.getMessage());
    }
    throw new LacunaException(Status.DEVICE_ERROR, call + ": " + reason);
  }

  /**
   * JCuda's own texts run over a page: what went wrong stands in the line with the linker's words.
   */
  private static String firstLines(LinkageError error) {
    String text = String.valueOf(error.getMessage());
    return text.lines()
        .filter(line -> line.contains("libcublas") || line.contains("cannot open"))
        .map(String::strip)
        .findFirst()
        .orElseGet(() -> text.lines().findFirst().orElse("no reason given"));
  }
}
