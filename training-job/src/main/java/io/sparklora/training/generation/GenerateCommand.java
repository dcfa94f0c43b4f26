package io.sparklora.training.generation;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.run.StageMain;
import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.console.StandaloneCommand;
import io.sparklora.training.console.StopSignal;
import io.sparklora.training.lora.Finetuned;
import io.sparklora.training.model.AdapterLocation;
import io.sparklora.training.model.AdaptersOfOneBase;
import io.sparklora.training.model.Branches;
import io.sparklora.training.model.Decoder;
import io.sparklora.training.model.HostModel;
import io.sparklora.training.model.SharedBase;
import io.sparklora.training.model.TaskGpu;
import io.sparklora.training.model.TorchScriptProgram;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;

/**
 * The command generate: finds adapters and base model, checks that they belong together, and streams text, one adapter
 * after another over one base.
 */
public final class GenerateCommand {
    private static final String BASE = "base model";

    private final StandaloneCommand command;
    private final PrintStream out;
    private volatile boolean stopped;

    /**
     * @param out takes the text
     * @param err takes speeds and errors, a line each
     */
    public GenerateCommand(PrintStream out, PrintStream err) {
        command = new StandaloneCommand("generate", out, err);
        this.out = out;
    }

    /** Runs a command line and returns the process's exit status, see {@link ExitCode}. */
    public int run(String[] args) {
        return command.run(new GenerateArguments(), args, this::generate);
    }

    private void generate(GenerateArguments arguments) {
        arguments.check();
        Storage storage = StageMain.storage();
        AdaptersOfOneBase adapters = AdaptersOfOneBase.find(storage, arguments.adapters());
        AdapterLocation described = adapters.described();
        HostModel host =
                described.onProcessor(described.modelPath(arguments.base()), arguments.cache(), arguments.threads());
        try (BaseModel base = described.openBase(host)) {
            List<Finetuned> read = adapters.read(storage, base);
            try (StopSignal signal = StopSignal.install(() -> stopped = true);
                    PromptTokenizer tokenizer = PromptTokenizer.of(base);
                    SharedBase shared = new SharedBase(host, base, TaskGpu.NONE)) {
                if (arguments.withBase()) {
                    head(BASE, arguments);
                    report(stream(arguments, tokenizer, shared.under(read.get(0)), Branches.BASE));
                }
                for (int i = 0; i < read.size() && !stopped; i++) {
                    head(arguments.adapters().get(i), arguments);
                    report(stream(arguments, tokenizer, shared.under(read.get(i)), Branches.ADAPTED));
                }
            }
        }
    }

    /** Tells texts apart where there are several. */
    private void head(String name, GenerateArguments arguments) {
        if (arguments.withBase() || arguments.adapters().size() > 1) {
            out.println("--- " + name);
        }
    }

    private Generation.Report stream(
            GenerateArguments arguments, PromptTokenizer tokenizer, TorchScriptProgram program, Branches branches) {
        int[] prompt = tokenizer.encode(arguments.prompt());
        int context = program.shape().contextLength();
        if (prompt.length == 0 || prompt.length >= context) {
            throw new StageFailure(
                    ExitCode.USAGE, "--prompt must have 1 to " + (context - 1) + " tokens but has " + prompt.length);
        }
        int maximumTokens = Math.min(arguments.maximumTokens(), context - prompt.length);
        Decoder decoder = program.decoder(prompt.length + maximumTokens, branches);
        Generation generation = new Generation(
                decoder::append,
                new Sampler(arguments.sampling(), arguments.seed()),
                new TextStream(tokenizer::decode),
                tokenizer.endTokens(),
                maximumTokens);
        Generation.Report report = generation.run(prompt, () -> stopped, this::show);
        out.println();
        return report;
    }

    private void show(String piece) {
        out.print(piece);
        out.flush();
    }

    private void report(Generation.Report report) {
        String ending = report.ending().name().toLowerCase(Locale.ROOT).replace('_', ' ');
        command.err()
                .printf(
                        Locale.ROOT,
                        "generate  prompt %d tokens, %.1f tokens/s   text %d tokens, %.1f tokens/s   (%s)%n",
                        report.promptTokens(),
                        report.promptTokens() / report.promptSeconds(),
                        report.tokens(),
                        report.tokens() / report.seconds(),
                        ending);
    }
}
