package dev.lacuna.benchmarks.peers;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.lacuna.benchmarks.AttentionWork;
import dev.lacuna.benchmarks.AttentionWork.Pass;
import dev.lacuna.benchmarks.Contender;
import dev.lacuna.benchmarks.KernelBenchmark;
import dev.lacuna.benchmarks.RlsWork;
import dev.lacuna.benchmarks.VicRegWork;
import dev.lacuna.benchmarks.VqSearchWork;
import dev.lacuna.benchmarks.Workload;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.List;
import java.util.function.Supplier;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** The official libtorch at one workload. */
@State(Scope.Benchmark)
public class DjlBenchmark extends KernelBenchmark {
  private static final int BLOCK = 1024;

  /** The workload. */
  @Param("vq_search:16384x256x512")
  public String work = "";

  /** Threads of libtorch. */
  @Param("2")
  public int threads;

  private NDManager manager;

  /** For JMH. */
  @SuppressWarnings("NullAway.Init") // by open
  public DjlBenchmark() {}

  @Override
  protected Contender open() {
    manager = NDManager.newBaseManager();
    return switch (Workload.of(work)) {
      case AttentionWork attention -> of(attention(attention), 1, () -> {});
      case VqSearchWork search -> of(search(search), 1, () -> {});
      case VicRegWork vicReg -> of(vicReg(vicReg), 1, () -> {});
      case RlsWork rls -> rls(rls);
      default -> throw new IllegalArgumentException("DJL does not do " + work);
    };
  }

  private Contender of(Supplier<List<NDArray>> job, int runsToResult, Runnable restart) {
    return new Contender() {
      @Override
      public void run() {
        try (NDScope _ = new NDScope()) {
          var _ = job.get();
        }
      }

      @Override
      public float[] result() {
        restart.run();
        for (int i = 1; i < runsToResult; i++) {
          run();
        }
        try (NDScope _ = new NDScope()) {
          List<float[]> parts =
              job.get().stream()
                  .map(array -> array.toType(DataType.FLOAT32, false).toFloatArray())
                  .toList();
          float[] all = new float[parts.stream().mapToInt(part -> part.length).sum()];
          int at = 0;
          for (float[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
          }
          return all;
        }
      }

      @Override
      public void close() {
        manager.close();
      }
    };
  }

  private NDArray array(MemorySegment floats, long... sizes) {
    return manager.create(
        floats.asByteBuffer().order(ByteOrder.nativeOrder()).asFloatBuffer(), new Shape(sizes));
  }

  private Supplier<List<NDArray>> attention(AttentionWork work) {
    NDArray k = array(work.k, work.heads, work.n, work.d);
    NDArray v = array(work.v, work.heads, work.n, work.d);
    NDArray promptQ = array(work.promptQ, work.heads, work.p, work.d);
    NDArray promptDout = array(work.promptDout, work.heads, work.p, work.d);
    if (work.pass == Pass.FORWARD) {
      NDArray q = array(work.q, work.heads, work.n, work.d);
      return () ->
          List.of(
              weights(q, k, work.scale()).matMul(v), weights(promptQ, k, work.scale()).matMul(v));
    }
    return () -> {
      NDArray weights = weights(promptQ, k, work.scale());
      NDArray out = weights.matMul(v);
      NDArray delta = promptDout.mul(out).sum(new int[] {2}, true);
      NDArray ds = promptDout.matMul(v.transpose(0, 2, 1)).subi(delta).muli(weights);
      return List.of(out, ds.matMul(k).muli(work.scale()));
    };
  }

  private static NDArray weights(NDArray q, NDArray k, double scale) {
    return q.matMul(k.transpose(0, 2, 1)).muli(scale).softmax(2);
  }

  /** argmax of z.e - |e|^2 / 2, in blocks of rows. */
  private Supplier<List<NDArray>> search(VqSearchWork work) {
    NDArray z = array(work.z, work.n, work.d);
    NDArray codebook = array(work.codebook, work.k, work.d);
    NDArray index = manager.zeros(new Shape(work.n), DataType.INT64);
    return () -> {
      NDArray codes = codebook.transpose();
      NDArray half = codebook.square().sum(new int[] {1}).muli(0.5);
      for (long row = 0; row < work.n; row += BLOCK) {
        NDIndex rows = new NDIndex("{}:{}", row, Math.min(row + BLOCK, work.n));
        try (NDScope _ = new NDScope()) {
          index.set(rows, z.get(rows).matMul(codes).subi(half).argMax(1));
        }
      }
      return List.of(index);
    };
  }

  private Supplier<List<NDArray>> vicReg(VicRegWork work) {
    NDArray x = array(work.x, work.n, work.d);
    NDArray y = array(work.y, work.n, work.d);
    double perElement = 2 * VicRegWork.LAMBDA / ((double) work.n * work.d);
    return () -> {
      NDArray difference = x.sub(y);
      NDArray loss = difference.square().mean().muli(VicRegWork.LAMBDA);
      NDArray pull = difference.muli(perElement);
      NDArray[] viewX = view(work, x);
      NDArray[] viewY = view(work, y);
      return List.of(loss.addi(viewX[0]).addi(viewY[0]), viewX[1].addi(pull), viewY[1].subi(pull));
    };
  }

  /** A view's loss and gradient. */
  private static NDArray[] view(VicRegWork work, NDArray z) {
    double n = work.n;
    double d = work.d;
    double factor = 4 * VicRegWork.NU / (d * (n - 1));
    NDArray centred = z.sub(z.mean(new int[] {0}));
    NDArray variance = centred.square().sum(new int[] {0}).divi(n - 1);
    NDArray deviation = variance.add(VicRegWork.EPSILON).sqrt();
    NDArray below = deviation.lt(1).toType(DataType.FLOAT32, false);
    NDArray hinge = deviation.neg().addi(1).muli(below).mean().muli(VicRegWork.MU);
    NDArray push =
        below.div(deviation).muli(-VicRegWork.MU / (d * (n - 1))).subi(variance.mul(factor));
    boolean gram = work.n < work.d;
    NDArray product =
        (gram ? centred.matMul(centred.transpose()) : centred.transpose().matMul(centred))
            .divi(n - 1);
    NDArray covariance =
        product.square().sum().subi(variance.square().sum()).muli(VicRegWork.NU / d);
    NDArray gradient = (gram ? product.matMul(centred) : centred.matMul(product)).muli(factor);
    return new NDArray[] {hinge.addi(covariance), gradient.addi(centred.mul(push))};
  }

  private Contender rls(RlsWork work) {
    NDArray[] vectors = new NDArray[RlsWork.VECTORS];
    for (int i = 0; i < vectors.length; i++) {
      vectors[i] = array(work.vector(i), work.s, 1);
    }
    NDArray p = manager.eye(work.s);
    NDArray start = manager.eye(work.s);
    NDArray gradient = work.batch == 0 ? array(work.gradient, work.c, work.s) : start;
    NDArray e = work.batch == 0 ? start : array(work.e, work.batch, work.c);
    NDArray h = work.batch == 0 ? start : array(work.h, work.batch, work.s);
    int[] turn = {0};
    return of(
        () -> {
          NDArray r = vectors[turn[0]++ % RlsWork.VECTORS];
          NDArray k = p.matMul(r);
          float gain = 1 / (float) (RlsWork.ALPHA + r.mul(k).sum().getFloat());
          p.subi(k.mul(gain).matMul(k.transpose()));
          return List.of(
              work.batch == 0
                  ? gradient.matMul(p)
                  : e.transpose().matMul(h.matMul(p).divi(work.batch)));
        },
        RlsWork.ABSORBED,
        () -> {
          p.subi(p).addi(start);
          turn[0] = 0;
        });
  }
}
