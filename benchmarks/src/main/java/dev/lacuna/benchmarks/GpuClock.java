package dev.lacuna.benchmarks;

import dev.lacuna.Context;
import dev.lacuna.DType;
import dev.lacuna.Device;
import dev.lacuna.OpenOptions;
import dev.lacuna.spi.Backend;
import dev.lacuna.spi.BackendProvider;
import dev.lacuna.spi.Memory;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpField;
import dev.lacuna.spi.OpLayout;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * A GPU's back end that takes tensors of the host, so that jobs made for the CPU run on it as they
 * are, and adds up what ops cost the GPU alone: each op's tensors are brought over before its clock
 * starts, and results back after it stopped. Its caches are emptied in between.
 */
final class GpuClock implements Backend {
  /** More than the level-2 cache of any card: 126 MB on the largest of 2025. */
  static final long CACHE = 256L << 20;

  private final Backend gpu;
  private final Memory flushed;
  private double milliseconds;

  private record Mirror(MemorySegment host, Memory memory, boolean written) {}

  private GpuClock(Backend gpu, long cache) {
    this.gpu = gpu;
    flushed = gpu.allocate(2 * cache);
  }

  /** A context on a GPU, and its clock. */
  record Opened(Context context, GpuClock clock) implements AutoCloseable {
    @Override
    public void close() {
      context.close();
    }
  }

  /**
   * Opens a provider's GPU.
   *
   * @param cache bytes that are written to empty its caches
   */
  static Opened open(BackendProvider provider, int index, long cache) {
    List<GpuClock> clocks = new ArrayList<>();
    BackendProvider clocked =
        provider.wrapping(gpu -> {
          clocks.add(new GpuClock(gpu, cache));
          return clocks.getLast();
        });
    OpenOptions options = OpenOptions.DEFAULT.withDevice(Device.cuda(index));
    Context context = new Context(clocked, options);
    return new Opened(context, clocks.getFirst());
  }

  /** Milliseconds of all ops since the last call. */
  double take() {
    double taken = milliseconds;
    milliseconds = 0;
    return taken;
  }

  @Override
  public void run(OpCall call) {
    List<Mirror> mirrors = new ArrayList<>();
    List<OpField> fields = call.op().fields();
    for (int i = 0; i < fields.size(); i++) {
      Memory tensor = call.memory(i);
      if (tensor != null && tensor.home() == null && tensor.bytes() > 0) {
        MemorySegment host = tensor.host();
        Memory memory = mirror(mirrors, host, fields.get(i).kind().isWritten());
        call.tensor(i, memory, call.offset(i));
      }
    }
    gpu.copy(flushed, 0, flushed, flushed.bytes() / 2, flushed.bytes() / 2);
    gpu.startTimer();
    gpu.run(call);
    milliseconds += gpu.stopTimer();
    for (Mirror mirror : mirrors) {
      if (mirror.written) {
        gpu.download(mirror.host, mirror.memory, 0, mirror.host.byteSize());
      }
      gpu.free(mirror.memory);
    }
  }

  private Memory mirror(List<Mirror> mirrors, MemorySegment host, boolean written) {
    for (int i = 0; i < mirrors.size(); i++) {
      Mirror known = mirrors.get(i);
      if (known.host.equals(host)) { // an op in place
        mirrors.set(i, new Mirror(host, known.memory, known.written || written));
        return known.memory;
      }
    }
    Memory memory = gpu.allocate(host.byteSize());
    gpu.upload(memory, 0, host, host.byteSize());
    mirrors.add(new Mirror(host, memory, written));
    return memory;
  }

  @Override
  public boolean usesHostMemory() {
    return true;
  }

  @Override
  public String name() {
    return gpu.name();
  }

  @Override
  public DType real() {
    return gpu.real();
  }

  @Override
  public String describe() {
    return gpu.describe();
  }

  @Override
  public Memory allocate(long bytes) {
    return gpu.allocate(bytes);
  }

  @Override
  public void free(Memory memory) {
    gpu.free(memory);
  }

  @Override
  public void upload(Memory target, long offset, MemorySegment source, long bytes) {
    gpu.upload(target, offset, source, bytes);
  }

  @Override
  public void download(MemorySegment target, Memory source, long offset, long bytes) {
    gpu.download(target, source, offset, bytes);
  }

  @Override
  public void copy(Memory target, long targetOffset, Memory source, long sourceOffset, long bytes) {
    gpu.copy(target, targetOffset, source, sourceOffset, bytes);
  }

  @Override
  public void synchronize() {
    gpu.synchronize();
  }

  @Override
  public void synchronizeDevice() {
    gpu.synchronizeDevice();
  }

  @Override
  public long workspaceBytes() {
    return gpu.workspaceBytes();
  }

  @Override
  public boolean supports(OpLayout op) {
    return gpu.supports(op);
  }

  @Override
  public void close() {
    gpu.close();
  }
}
