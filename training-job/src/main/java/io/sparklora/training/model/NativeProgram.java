package io.sparklora.training.model;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.engine.StandardCapabilities;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.stream.Stream;

/**
 * A TorchScript module in DJL's PyTorch engine, called by method name. Calls run in PyTorch's inference mode: the module
 * computes its own gradients and needs no autograd. PyTorch keeps settings of the interpreter by thread, so a program is
 * bound to the thread that opened it.
 */
final class NativeProgram implements AutoCloseable {
    private final Thread owner = Thread.currentThread();
    private final PtNDManager manager;
    private final PtSymbolBlock module;
    private ByteBuffer staging = ByteBuffer.allocateDirect(0);
    private long nanosInCalls;

    /** Loads the archive and sets PyTorch's threads, which are the whole process's. */
    NativeProgram(ScriptArchive archive, Placement placement) {
        requireDevice(Engine.getEngine("PyTorch"), placement.device());
        JniUtils.setNumThreads(placement.threads());
        // The optimising executor profiles and re-specialises: other bytes on the first calls than later.
        JniUtils.setGraphExecutorOptimize(false);
        manager = (PtNDManager) NDManager.newBaseManager(placement.device(), "PyTorch");
        try {
            long handle = JniUtils.loadModuleHandle(
                    new ByteArrayInputStream(archive.pack()), placement.device(), true, false);
            module = new PtSymbolBlock(manager, handle);
        } catch (IOException e) {
            manager.close();
            throw new UncheckedIOException(e);
        } catch (RuntimeException e) {
            manager.close();
            throw e;
        }
    }

    private static void requireDevice(Engine engine, Device device) {
        if (device.isGpu() && !engine.hasCapability(StandardCapabilities.CUDA)) {
            throw new StageFailure(
                    ExitCode.USAGE,
                    "the model is to be computed on GPU " + device.getDeviceId()
                            + ", but this host's libtorch is the processor's: name one with CUDA by PYTORCH_LIBRARY_PATH,"
                            + " PYTORCH_VERSION and PYTORCH_FLAVOR, or set base.device to cpu");
        }
    }

    /** Runs a method; the arguments are closed, the result is the caller's to close. */
    IValue call(String method, IValue... arguments) {
        if (Thread.currentThread() != owner) {
            throw new IllegalStateException("a program opened by thread " + owner.getName() + " was called by thread "
                    + Thread.currentThread().getName());
        }
        long start = System.nanoTime();
        try {
            return IValueUtils.runMethod(module, method, arguments);
        } finally {
            nanosInCalls += System.nanoTime() - start;
            Stream.of(arguments).forEach(IValue::close);
        }
    }

    /** Runs a method with one fp32 vector, which the method must copy. */
    void call(String method, float[] vector) {
        try (NDManager scope = manager.newSubManager()) {
            NDArray array = scope.create(staged(vector), new Shape(vector.length), DataType.FLOAT32);
            call(method, IValue.from((PtNDArray) array)).close();
        }
    }

    /** The vector in the one buffer that all calls share: the JVM frees such buffers only when it collects its heap. */
    private ByteBuffer staged(float[] vector) {
        int bytes = Math.multiplyExact(vector.length, Float.BYTES);
        if (staging.capacity() != bytes) {
            staging = ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
        }
        staging.asFloatBuffer().put(vector);
        return staging;
    }

    /** Copies an fp32 tensor out of a result, which stays open. */
    float[] floats(IValue tensor) {
        try (NDManager scope = manager.newSubManager()) {
            FloatBuffer values = values(tensor, scope);
            float[] copy = new float[values.remaining()];
            values.get(copy);
            return copy;
        }
    }

    /** Copies an fp32 tensor of a known number of elements. */
    void copy(IValue tensor, float[] target) {
        try (NDManager scope = manager.newSubManager()) {
            values(tensor, scope).get(target);
        }
    }

    private static FloatBuffer values(IValue tensor, NDManager scope) {
        PtNDArray array = tensor.toTensor((PtNDManager) scope);
        return array.toByteBuffer(true).order(ByteOrder.nativeOrder()).asFloatBuffer();
    }

    /** Nanoseconds spent in methods since the program was opened; for a benchmark. */
    long nanosInCalls() {
        return nanosInCalls;
    }

    /** Arrays and scopes that are attached to the program and not closed yet; for a test of leaks. */
    int openResources() {
        return manager.getManagedArrays().size();
    }

    @Override
    public void close() {
        module.close();
        manager.close();
    }
}
