/**
 * The kernels without a tape, for programs that have a framework of their own.
 *
 * <p>Arrays come as {@code float[]}, direct buffers or segments. What lies on the heap is copied to
 * the back end and back; on the CPU, direct buffers and segments outside the heap are used where
 * they lie. A call takes its {@link dev.lacuna.Context} as a whole: another thread's call on the
 * same context meanwhile is refused before it begins. An argument that cannot be used is a {@link
 * dev.lacuna.LacunaException} and leaves every array as it was; an option out of its range is an
 * {@link IllegalArgumentException} where it is made.
 *
 * <p>A GPU works behind the caller's back: that a number or an index in an array cannot be used is
 * found there, changes nothing either, and is told by the next call that waits for results, or by
 * {@link dev.lacuna.Context#synchronize()}.
 *
 * <p>During a call no other thread may write to its arrays: the result is then undefined. A shared
 * arena that another thread tries to close meanwhile stays open and throws there, as between two
 * Java threads.
 */
@NullMarked
package dev.lacuna.kernels;

import org.jspecify.annotations.NullMarked;
