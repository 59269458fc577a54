package dev.lacuna.benchmarks.peers;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.lacuna.benchmarks.Contender;
import dev.lacuna.benchmarks.KernelBenchmark;
import dev.lacuna.benchmarks.MiniLmWork;
import dev.lacuna.benchmarks.Workload;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.Map;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** ONNX Runtime at one workload. */
@State(Scope.Benchmark)
public class OnnxRuntimeBenchmark extends KernelBenchmark {
  /** The workload. */
  @Param({"minilm:32x64", "minilm:1x16"})
  public String work = "";

  /** Threads that share an operator. */
  @Param("2")
  public int threads;

  /** Whether idle threads spin. */
  @Param("true")
  public boolean spinning;

  @Override
  protected Contender open() {
    if (!(Workload.of(work) instanceof MiniLmWork miniLm)) {
      throw new IllegalArgumentException("ONNX Runtime does not do " + work);
    }
    try {
      return new Model(miniLm, threads, spinning);
    } catch (OrtException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The exported graph; inputs are made once. */
  private static final class Model implements Contender {
    private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
    private final OrtSession session;
    private final Map<String, OnnxTensor> inputs;

    Model(MiniLmWork work, int threads, boolean spinning) throws OrtException {
      try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
        options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
        options.setIntraOpNumThreads(threads);
        options.addConfigEntry("session.intra_op.allow_spinning", spinning ? "1" : "0");
        session = environment.createSession(MiniLmWork.model().toString(), options);
      }
      long[] ids = Arrays.stream(work.texts).flatMapToInt(Arrays::stream).asLongStream().toArray();
      long[] ones = new long[ids.length];
      Arrays.fill(ones, 1);
      inputs =
          Map.of(
              "input_ids", tensor(work, ids),
              "attention_mask", tensor(work, ones),
              "token_type_ids", tensor(work, new long[ids.length]));
    }

    private OnnxTensor tensor(MiniLmWork work, long[] values) throws OrtException {
      long[] shape = {work.texts.length, work.tokens};
      return OnnxTensor.createTensor(environment, LongBuffer.wrap(values), shape);
    }

    @Override
    public void run() {
      try (OrtSession.Result _ = session.run(inputs)) {
        // the outputs stay where they are
      } catch (OrtException e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public float[] result() {
      try (OrtSession.Result outputs = session.run(inputs)) {
        FloatBuffer tokens = ((OnnxTensor) outputs.get(0)).getFloatBuffer();
        float[] values = new float[tokens.remaining()];
        tokens.get(values);
        return values;
      } catch (OrtException e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public void close() {
      inputs.values().forEach(OnnxTensor::close);
      try {
        session.close();
      } catch (OrtException e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
