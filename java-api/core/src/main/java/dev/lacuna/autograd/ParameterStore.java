package dev.lacuna.autograd;

import dev.lacuna.Context;
import dev.lacuna.DType;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.spi.Memory;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * All parameters of a model in one slab of device memory, and their gradients in another. The store
 * belongs to a device: any number of contexts may read it; the first that writes gradients holds
 * the write lease until {@link #releaseLease()}.
 */
public final class ParameterStore implements AutoCloseable {
  private final Context memory;
  private final List<ParameterGroup> groups = new ArrayList<>();
  private final AtomicReference<@Nullable Context> writer = new AtomicReference<>();
  private @Nullable Memory values;
  private @Nullable Memory gradients;

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

  /** Number of trainable numbers. */
  public long count() {
    return parameters().stream().mapToLong(Parameter::count).sum();
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

  /** The slab of gradients, laid out like the values. */
  public Memory gradients() {
    values();
    return Objects.requireNonNull(gradients);
  }

  private void allocate() {
    long elements = 0;
    for (ParameterGroup group : groups) {
      group.place(elements);
      elements += group.size();
    }
    long bytes = Math.max(elements, 1) * memory.real().bytes();
    values = memory.allocate(bytes);
    gradients = memory.allocate(bytes);
    // Padding between parameters takes part in optimiser steps over whole groups, so it must be
    // finite.
    double[] zeros = new double[Math.toIntExact(Math.max(elements, 1))];
    memory.write(values, 0, zeros);
    memory.write(gradients, 0, zeros);
    for (Parameter parameter : parameters()) {
      write(parameter, parameter.initial());
    }
  }

  /** Another slab of zeros with the layout of one group, for an optimiser's state. */
  public Memory zeros(ParameterGroup group) {
    values();
    int elements = Math.toIntExact(Math.max(group.size(), 1));
    Memory zeros = memory.allocate((long) elements * memory.real().bytes());
    memory.write(zeros, 0, new double[elements]);
    return zeros;
  }

  double[] read(Memory slab, Parameter parameter) {
    return memory.read(slab, parameter.offset(memory.real()), parameter.count());
  }

  void write(Parameter parameter, double[] value) {
    memory.write(values(), parameter.offset(memory.real()), value);
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
          "parameters on back end " + memory.backend() + " are used on " + context.backend());
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

  /** Lets another context write. */
  public void releaseLease() {
    writer.set(null);
  }

  /** Frees values, gradients and optimiser state. */
  @Override
  public void close() {
    memory.close();
  }
}
