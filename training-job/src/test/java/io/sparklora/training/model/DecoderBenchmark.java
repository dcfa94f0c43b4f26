package io.sparklora.training.model;

import io.sparklora.pipeline.adapter.AdapterShape;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.training.generation.Sampler;
import io.sparklora.training.generation.Sampling;
import io.sparklora.training.lora.PeftConfig;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * One text a line of standard input, as {@code generate} makes it: the prompt in one call, then a token at a time, always
 * the likeliest. Answers each line with the prompt's seconds, the seconds of all further tokens, and these tokens; at the end of
 * input prints the process's peak memory. {@code interop/benchmark_generate.py} drives it.
 *
 * <p>Arguments: base model, cache directory, fp32 or bf16, {@code base} or {@code adapted} (rank 8 on all linear layers),
 * threads, tokens to generate, the prompt's ids with commas between.
 */
final class DecoderBenchmark {
    private static final double NANOS_A_SECOND = 1e9;

    private DecoderBenchmark() {}

    public static void main(String[] arguments) throws IOException {
        WeightType stored = WeightType.valueOf(arguments[2].toUpperCase(Locale.ROOT));
        Branches branches = Branches.valueOf(arguments[3].toUpperCase(Locale.ROOT));
        HostModel host = HostModel.onProcessor(arguments[0], arguments[1], stored, Integer.parseInt(arguments[4]));
        int tokens = Integer.parseInt(arguments[5]);
        int[] prompt = Arrays.stream(arguments[6].split(","))
                .mapToInt(Integer::parseInt)
                .toArray();
        PeftConfig adapter = new PeftConfig("base", AdapterShape.plain(8, 16, List.of("all-linear")));
        try (BaseModel base = host.open();
                SharedBase shared = new SharedBase(host, base, TaskGpu.NONE)) {
            TorchScriptProgram program = shared.under(adapter, host.initialParameters(base, adapter, 1));
            round(program, branches, prompt, tokens);
            System.out.println("ready " + program.arithmetic().compute());
            BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            while (lines.readLine() != null) {
                System.out.println(round(program, branches, prompt, tokens));
            }
        }
        System.out.println("peak-kilobytes " + ProcessMemory.kibibytes("VmHWM"));
    }

    private static String round(TorchScriptProgram program, Branches branches, int[] prompt, int tokens) {
        Sampler sampler = new Sampler(Sampling.GREEDY, 1);
        int[] text = new int[tokens];
        long start = System.nanoTime();
        Decoder decoder = program.decoder(prompt.length + tokens, branches);
        float[] logits = decoder.append(prompt);
        long read = System.nanoTime();
        for (int i = 0; i < tokens; i++) {
            text[i] = sampler.next(logits);
            logits = decoder.append(text[i]);
        }
        long end = System.nanoTime();
        return (read - start) / NANOS_A_SECOND + " " + (end - read) / NANOS_A_SECOND + " "
                + Arrays.stream(text).mapToObj(String::valueOf).collect(Collectors.joining(" "));
    }
}
