package dev.lacuna.autograd;

import dev.lacuna.Context;
import dev.lacuna.DType;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.io.SafeTensors;
import dev.lacuna.io.Stateful;
import dev.lacuna.spi.Memory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * All parameters of a model in one slab of device memory, and their gradients in another. The store
 * belongs to a device: any number of contexts may read it; the first that writes gradients holds
 * the write lease until {@link #releaseLease()}. Contexts of one GPU work side by side: one that
 * reads while another trains does so after that one's {@link Context#synchronize()}. What the store
 * itself does to its memory waits for all of them.
 */
public final class ParameterStore implements Stateful, AutoCloseable {
  private final Context memory;
  private final List<ParameterGroup> groups = new ArrayList<>();
  private final AtomicReference<@Nullable Context> writer = new AtomicReference<>();
  private final List<Memory> slabs = new ArrayList<>();
  private volatile @Nullable Memory values;
  private volatile @Nullable Memory gradients;

  /** A store on the device of a context; it outlives the context. */
  public ParameterStore(Context like) {
    memory = like.sibling();
  }

  /** Declares a group. */
  public ParameterGroup group(String name) {
    requireOpenForDeclarations(name);
    for (ParameterGroup group : groups) {
      if (group.name().equals(name)) {
        throw new IllegalArgumentException("there is a parameter group " + name + " already");
      }
    }
    ParameterGroup group = new ParameterGroup(this, name);
    groups.add(group);
    return group;
  }

  void requireOpenForDeclarations(String name) {
    if (values != null) {
      throw new IllegalStateException(name + " is declared after the store's first use");
    }
  }

  /** All groups in order. */
  public List<ParameterGroup> groups() {
    return List.copyOf(groups);
  }

  /** All parameters in order. */
  public List<Parameter> parameters() {
    return groups.stream().flatMap(group -> group.parameters().stream()).toList();
  }

  /** Number of numbers. */
  public long count() {
    return parameters().stream().mapToLong(Parameter::count).sum();
  }

  /** Number of trainable numbers: those of groups that are not frozen. */
  public long trainable() {
    return parameters().stream()
        .filter(parameter -> !parameter.group().isFrozen())
        .mapToLong(Parameter::count)
        .sum();
  }

  /** The slab of values; the first call ends the declarations and fills it. */
  public Memory values() {
    if (values == null) {
      allocate();
    }
    Memory slab = Objects.requireNonNull(values);
    if (slab.isFreed()) {
      throw new LacunaException(Status.INVALID_ARGUMENT, "this parameter store is closed");
    }
    return slab;
  }

  /** The slab of gradients, laid out like the values; made when a first gradient is wanted. */
  public Memory gradients() {
    values();
    if (gradients == null) {
      allocateGradients();
    }
    return Objects.requireNonNull(gradients);
  }

  private synchronized void allocateGradients() {
    if (gradients == null) {
      Memory slab = zeros(elements());
      memory.synchronize();
      gradients = slab;
    }
  }

  private long elements() {
    return groups.stream().mapToLong(ParameterGroup::size).sum();
  }

  private synchronized void allocate() {
    if (values != null) {
      return;
    }
    long start = 0;
    for (ParameterGroup group : groups) {
      group.place(start);
      start += group.size();
    }
    Memory first = zeros(elements());
    for (Parameter parameter : parameters()) {
      long element = parameter.group().placed() + parameter.start();
      memory.write(first, element * memory.real().bytes(), parameter.takeInitial());
    }
    memory.synchronize();
    values = first;
  }

  /**
   * A slab of zeros: padding between parameters takes part in optimiser steps and must be finite.
   */
  private Memory zeros(long elements) {
    Memory slab = memory.allocate(Math.max(elements, 1) * memory.real().bytes()).share();
    slabs.add(slab);
    MemorySegment zeros = MemorySegment.ofArray(new byte[(int) Math.min(slab.bytes(), 1 << 20)]);
    for (long from = 0; from < slab.bytes(); from += zeros.byteSize()) {
      memory.upload(slab, from, zeros, Math.min(zeros.byteSize(), slab.bytes() - from));
    }
    return slab;
  }

  /** Another slab of zeros with the layout of one group, for an optimiser's state. */
  public synchronized Memory zeros(ParameterGroup group) {
    values();
    Memory slab = zeros(group.size());
    memory.synchronize();
    return slab;
  }

  synchronized double[] read(Memory slab, Parameter parameter) {
    memory.synchronizeDevice();
    return memory.read(slab, parameter.offset(memory.real()), parameter.count());
  }

  synchronized void write(Parameter parameter, double[] value) {
    memory.synchronizeDevice(); // who only reads may still do so
    parameter.group().markChanged();
    memory.write(values(), parameter.offset(memory.real()), value);
    memory.synchronize();
  }

  /** Saves all values, each under its parameter's name. */
  @Override
  public void save(String prefix, SafeTensors file) {
    for (Parameter parameter : parameters()) {
      file.tensors()
          .put(
              prefix + parameter.name(), new SafeTensors.Entry(parameter.shape(), parameter.get()));
    }
  }

  @Override
  public void load(String prefix, SafeTensors file) {
    List<double[]> values =
        parameters().stream().map(p -> file.entry(prefix + p.name(), p.shape()).doubles()).toList();
    for (int i = 0; i < values.size(); i++) {
      parameters().get(i).set(values.get(i));
    }
  }

  /** Values of an optimiser's state that has the layout of a group. */
  public synchronized double[] read(Memory slab, ParameterGroup group) {
    memory.synchronizeDevice();
    return memory.read(slab, 0, Math.toIntExact(group.size()));
  }

  /** Sets an optimiser's state that has the layout of a group. */
  public synchronized void write(Memory slab, ParameterGroup group, double[] value) {
    if (value.length != group.size()) {
      throw new IllegalArgumentException(
          "state of group "
              + group.name()
              + " has "
              + value.length
              + " numbers, want "
              + group.size());
    }
    memory.synchronizeDevice();
    memory.write(slab, 0, value);
    memory.synchronize();
  }

  /** The type that values are stored in. */
  public DType real() {
    return memory.real();
  }

  /** Forgets all gradients: parameters without one are left alone by optimisers. */
  public void zeroGrad() {
    for (int i = 0; i < groups.size(); i++) { // no iterator: this runs in every step
      groups.get(i).zeroGrad();
    }
  }

  /** Fails unless a context can reach this store's memory. */
  public void requireDevice(Context context) {
    if (!memory.sharesDeviceWith(context)) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "parameters on device " + memory.device() + " are used on device " + context.device());
    }
  }

  /** Gives the write lease to a context, or fails where another one holds it. */
  public void lease(Context context) {
    Context holder = writer.get();
    if (holder != context && !writer.compareAndSet(null, context)) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "another context trains these parameters; call releaseLease() when it is done");
    }
  }

  /** Lets another context write, after what the holder has run. */
  public synchronized void releaseLease() {
    memory.synchronizeDevice();
    writer.set(null);
  }

  /** Frees values, gradients and optimiser state; refused while an op of any context uses them. */
  @Override
  public synchronized void close() {
    if (memory.isClosed()) {
      return;
    }
    LacunaException found = null;
    try {
      memory.synchronizeDevice();
    } catch (LacunaException e) {
      found = e; // what earlier work did wrong must not keep the memory
    }
    for (Memory slab : slabs) {
      if (!slab.isFreed() && !slab.retire()) {
        throw new LacunaException(
            Status.INVALID_ARGUMENT, "these parameters are in use by an op of another context");
      }
    }
    memory.close();
    if (found != null) {
      throw found;
    }
  }
}
