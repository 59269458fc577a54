package dev.lacuna.spi;

import dev.lacuna.Device;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A piece of a back end's memory. Only {@link #host()} may be read or written by Java, and only
 * where it is not null.
 */
public final class Memory {
  private final long address;
  private final long bytes;
  private final @Nullable MemorySegment host;
  private final Memory whole;
  private static final int FREED = -1;

  /** Calls under way in shared memory, or FREED; that of the whole counts for its parts. */
  private final AtomicInteger users = new AtomicInteger();

  private volatile boolean shared;
  private @Nullable Device home;

  /**
   * Describes memory that a back end allocated.
   *
   * @param address address on the device, 0 where the back end works on {@code host} directly
   * @param bytes size
   * @param host the same bytes as seen by Java, null where the device's memory is not the host's
   */
  public Memory(long address, long bytes, @Nullable MemorySegment host) {
    this.address = address;
    this.bytes = bytes;
    this.host = host;
    whole = this;
  }

  private Memory(long address, long bytes, @Nullable MemorySegment host, Memory whole) {
    this.address = address;
    this.bytes = bytes;
    this.host = host;
    this.whole = whole;
    home = whole.home;
  }

  /** Describes memory of the host. */
  public static Memory of(MemorySegment host) {
    return new Memory(host.isNative() ? host.address() : 0, host.byteSize(), host);
  }

  /** Part of this memory, which must outlive it. */
  public Memory slice(long offset, long size) {
    return new Memory(
        address == 0 ? 0 : address + offset,
        size,
        host == null ? null : host.asSlice(offset, size),
        whole);
  }

  /** What was allocated at once, of which this is a part or all. */
  public Memory whole() {
    return whole;
  }

  /** Says where this memory can be used; memory of the host has no home. */
  public Memory at(Device place) {
    home = place;
    return this;
  }

  /** Where this memory can be used, or null for memory of the host. */
  public @Nullable Device home() {
    return home;
  }

  /** Whether it can be used there. */
  public boolean isAt(Device place) {
    return home == null || home.equals(place);
  }

  /** Address on the device. */
  public long address() {
    return address;
  }

  /** Size in bytes. */
  public long bytes() {
    return bytes;
  }

  /** The bytes as seen by Java, or null. */
  public @Nullable MemorySegment host() {
    return host;
  }

  /** Whether the back end has freed it: then no op may touch it any more. */
  public boolean isFreed() {
    return whole.users.get() == FREED;
  }

  /** Called by the back end that frees it. */
  public void markFreed() {
    whole.users.set(FREED);
  }

  /**
   * Says that contexts other than the one that allocated it will use it: calls then count
   * themselves.
   */
  public Memory share() {
    whole.shared = true;
    return this;
  }

  /** Counts a call that begins; false where the memory was freed. */
  public boolean enter() {
    if (!whole.shared) {
      return !isFreed();
    }
    int now = whole.users.get();
    while (now != FREED && !whole.users.compareAndSet(now, now + 1)) {
      now = whole.users.get();
    }
    return now != FREED;
  }

  /** Ends what {@link #enter} began. */
  public void leave() {
    if (whole.shared) {
      whole.users.decrementAndGet();
    }
  }

  /** Marks shared memory as freed; false while a call uses it. */
  public boolean retire() {
    return whole.users.compareAndSet(0, FREED);
  }
}
