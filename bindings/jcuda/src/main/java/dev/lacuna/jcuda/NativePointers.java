package dev.lacuna.jcuda;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import jcuda.NativePointerObject;
import jcuda.Pointer;

/**
 * The address inside a JCuda object. JCuda keeps it to itself and to subclasses, but every handle
 * of the driver is such an object.
 */
final class NativePointers {
  private static final VarHandle ADDRESS;
  private static final VarHandle OFFSET;

  static {
    try {
      MethodHandles.Lookup own = MethodHandles.lookup();
      ADDRESS =
          MethodHandles.privateLookupIn(NativePointerObject.class, own)
              .findVarHandle(NativePointerObject.class, "nativePointer", long.class);
      OFFSET =
          MethodHandles.privateLookupIn(Pointer.class, own)
              .findVarHandle(Pointer.class, "byteOffset", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private NativePointers() {}

  /** The address that an object stands for, its byte offset included. */
  static long get(NativePointerObject object) {
    long address = (long) ADDRESS.get(object);
    return object instanceof Pointer pointer ? address + (long) OFFSET.get(pointer) : address;
  }

  /** Makes an object, fresh from its constructor, stand for an address. */
  static <T extends NativePointerObject> T set(T object, long address) {
    ADDRESS.set(object, address);
    return object;
  }
}
