package io.sparklora.training.model;

import ai.djl.Device;
import io.sparklora.pipeline.adapter.ComputeType;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.training.collective.Collective;
import io.sparklora.training.collective.FixedPointSum;
import io.sparklora.training.lora.LoraLayout;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.InflaterInputStream;
import org.apache.spark.SparkConf;
import org.apache.spark.io.CompressionCodec;

/**
 * How much smaller the integers are that ranks sum for a LoRA adapter of a real model where they are compressed without loss, and how
 * fast: with the JDK's Deflater and the codecs that Spark brings, as they lie and with the bytes of equal weight beside one
 * another. Text is random, so that no element's gradient is smaller than it would be; seconds are the CPU's, of one thread, the best of {@value #TIMES} after a warm-up.
 *
 * <p>Arguments: base model, cache directory, micro-batches in the sum.
 */
final class SumCompressionBenchmark {
    private static final int TOKENS = 256;
    private static final int TIMES = 3;
    private static final int DEFLATE_FASTEST = 1;
    private static final double MEGA = 1e6;
    private static final double NANOS_A_SECOND = 1e9;

    private SumCompressionBenchmark() {}

    /** A way to compress a stream and to read it again. */
    private interface Codec {
        OutputStream into(OutputStream out);

        InputStream from(InputStream in);
    }

    private static final class Deflate implements Codec {
        @Override
        public OutputStream into(OutputStream out) {
            return new DeflaterOutputStream(out, new Deflater(DEFLATE_FASTEST), 1 << 16);
        }

        @Override
        public InputStream from(InputStream in) {
            return new InflaterInputStream(in);
        }
    }

    private record Sparks(CompressionCodec codec) implements Codec {
        static Sparks of(String name) {
            return new Sparks(CompressionCodec.createCodec(new SparkConf(false), name));
        }

        @Override
        public OutputStream into(OutputStream out) {
            return codec.compressedOutputStream(out);
        }

        @Override
        public InputStream from(InputStream in) {
            return codec.compressedInputStream(in);
        }
    }

    /** Keeps what one rank puts into the sum. */
    private static final class Kept implements Collective {
        private long[] terms = {};

        @Override
        public int rank() {
            return 0;
        }

        @Override
        public int world() {
            return 1;
        }

        @Override
        public void sum(long step, long[] values) {
            terms = values.clone();
        }

        @Override
        public void max(long step, long[] values) {
            // of one rank
        }

        @Override
        public void close() {
            // holds nothing
        }
    }

    public static void main(String[] arguments) throws IOException {
        int microBatches = Integer.parseInt(arguments[2]);
        byte[] plain = bytes(terms(Path.of(arguments[0]), Path.of(arguments[1]), microBatches));
        Map<String, Codec> codecs = new LinkedHashMap<>();
        codecs.put("deflate 1", new Deflate());
        codecs.put("lz4", Sparks.of("lz4"));
        codecs.put("zstd 1", Sparks.of("zstd"));
        System.out.printf(
                Locale.ROOT, "%.1f MB, %d micro-batches of %d tokens%n", plain.length / MEGA, microBatches, TOKENS);
        System.out.printf("%-10s %-12s %8s %14s %16s%n", "codec", "bytes", "size", "compress MB/s", "decompress MB/s");
        for (Map.Entry<String, Codec> codec : codecs.entrySet()) {
            measure(codec.getKey(), "as they lie", codec.getValue(), plain);
            measure(codec.getKey(), "by weight", codec.getValue(), byWeight(plain));
        }
    }

    private static long[] terms(Path base, Path cache, int microBatches) throws IOException {
        Placement placement = new Placement(Device.cpu(), ComputeType.ofProcessor(WeightType.FP32.dtype()), 2);
        try (BaseModel model = BaseModel.open(base)) {
            LoraLayout layout = LoraLayout.uniform(
                    model.shape(),
                    8,
                    2,
                    List.of("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"));
            try (TorchScriptProgram program = TorchScriptProgram.open(
                    model, cache, WeightType.FP32, layout, placement, new TrainingOptions(0, 0))) {
                program.load(Adapters.random(layout, 1));
                FixedPointSum sum = new FixedPointSum(program.parameterCount());
                Kept kept = new Kept();
                for (int number = 0; number < microBatches; number++) {
                    MicroBatch batch = batch(new Random(number));
                    sum.add(batch.supervisedTokens(), into -> program.forwardBackward(batch, into));
                }
                sum.reduce(kept, 1, microBatches, new float[program.parameterCount()]);
                return kept.terms;
            }
        }
    }

    private static MicroBatch batch(Random random) {
        int[] ids = random.ints(TOKENS, 10, 49_000).toArray();
        int[] labels = ids.clone();
        labels[0] = MicroBatch.IGNORED;
        return new MicroBatch(1, TOKENS, ids, labels, new int[][] {{TOKENS}});
    }

    private static byte[] bytes(long[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asLongBuffer().put(values);
        return bytes.array();
    }

    /** The lowest byte of every value, then the next of every value, and so on. */
    private static byte[] byWeight(byte[] values) {
        int count = values.length / Long.BYTES;
        byte[] planes = new byte[values.length];
        for (int at = 0; at < values.length; at++) {
            planes[at % Long.BYTES * count + at / Long.BYTES] = values[at];
        }
        return planes;
    }

    private static void measure(String name, String order, Codec codec, byte[] plain) {
        byte[] small = {};
        double compressing = Double.MAX_VALUE;
        double decompressing = Double.MAX_VALUE;
        for (int time = 0; time <= TIMES; time++) {
            long begin = cpuNanos();
            small = compress(codec, plain);
            long compressed = cpuNanos();
            byte[] again = decompress(codec, small);
            long end = cpuNanos();
            if (!Arrays.equals(again, plain)) {
                throw new IllegalStateException(name + " is not without loss");
            }
            if (time > 0) {
                compressing = Math.min(compressing, compressed - begin);
                decompressing = Math.min(decompressing, end - compressed);
            }
        }
        System.out.printf(
                Locale.ROOT,
                "%-10s %-12s %6.1f %% %14.0f %16.0f%n",
                name,
                order,
                100.0 * small.length / plain.length,
                plain.length / MEGA / (compressing / NANOS_A_SECOND),
                plain.length / MEGA / (decompressing / NANOS_A_SECOND));
    }

    /** Steadier than the clock on a machine that others use too. */
    private static long cpuNanos() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }

    private static byte[] compress(Codec codec, byte[] plain) {
        ByteArrayOutputStream small = new ByteArrayOutputStream(plain.length);
        try (OutputStream out = codec.into(small)) {
            out.write(plain);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return small.toByteArray();
    }

    private static byte[] decompress(Codec codec, byte[] small) {
        try (InputStream in = codec.from(new ByteArrayInputStream(small))) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
