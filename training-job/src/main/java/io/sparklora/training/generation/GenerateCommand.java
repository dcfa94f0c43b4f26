package io.sparklora.training.generation;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.InvalidBaseModelException;
import io.sparklora.pipeline.run.StageMain;
import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.console.StopSignal;
import io.sparklora.training.lora.PeftAdapter;
import io.sparklora.training.model.Branches;
import io.sparklora.training.model.Decoder;
import io.sparklora.training.model.HostModel;
import io.sparklora.training.model.TorchScriptProgram;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The command generate: finds adapter and base model, checks that they belong together, and streams text. */
public final class GenerateCommand {
    private static final Logger LOG = LoggerFactory.getLogger(GenerateCommand.class);

    private final PrintStream out;
    private final PrintStream err;
    private volatile boolean stopped;

    /**
     * @param out takes the text
     * @param err takes speeds and errors, a line each
     */
    public GenerateCommand(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    /** Runs a command line and returns the process's exit status, see {@link ExitCode}. */
    public int run(String[] args) {
        try {
            Optional<GenerateArguments> arguments = GenerateArguments.parse(args, out);
            arguments.ifPresent(this::generate);
            return ExitCode.DONE.code();
        } catch (StageFailure e) {
            LOG.debug("generate failed", e);
            return failed(e.exitCode(), e.getMessage());
        } catch (InvalidBaseModelException e) {
            LOG.debug("generate failed", e);
            return failed(ExitCode.MISMATCH, String.valueOf(e.getMessage()));
        } catch (RuntimeException e) {
            LOG.error("generate failed unexpectedly", e);
            return failed(ExitCode.INTERNAL, e.toString());
        } finally {
            out.flush();
            err.flush();
        }
    }

    private int failed(ExitCode code, String message) {
        err.println("spark-lora generate: " + message);
        return code.code();
    }

    private void generate(GenerateArguments arguments) {
        Storage storage = StageMain.storage();
        AdapterLocation location = AdapterLocation.find(storage, arguments.adapter());
        HostModel host = new HostModel(
                baseModel(arguments, location), arguments.cache(), location.stored(), arguments.threads());
        try (BaseModel base =
                location.baseHash().isPresent() ? host.open(location.baseHash().get()) : host.open()) {
            PeftAdapter adapter = PeftAdapter.read(storage, location.directory(), base);
            try (StopSignal signal = StopSignal.install(() -> stopped = true);
                    PromptTokenizer tokenizer = PromptTokenizer.of(base);
                    TorchScriptProgram program = host.program(base, adapter.config())) {
                program.load(adapter.parameters());
                report(stream(arguments, tokenizer, program));
            }
        }
    }

    private static String baseModel(GenerateArguments arguments, AdapterLocation location) {
        String model = arguments
                .base()
                .or(location::baseModel)
                .orElseThrow(() -> new StageFailure(
                        ExitCode.USAGE,
                        "nothing in " + arguments.adapter() + " says where its base model lies: say --base MODEL"));
        if (!Files.exists(Path.of(model))) {
            throw new StageFailure(ExitCode.USAGE, "there is no base model " + model + " here: say --base MODEL");
        }
        return Path.of(model).toAbsolutePath().normalize().toString();
    }

    private Generation.Report stream(
            GenerateArguments arguments, PromptTokenizer tokenizer, TorchScriptProgram program) {
        int[] prompt = tokenizer.encode(arguments.prompt());
        int context = program.shape().contextLength();
        if (prompt.length == 0 || prompt.length >= context) {
            throw new StageFailure(
                    ExitCode.USAGE, "--prompt must have 1 to " + (context - 1) + " tokens but has " + prompt.length);
        }
        int maximumTokens = Math.min(arguments.maximumTokens(), context - prompt.length);
        Decoder decoder = program.decoder(prompt.length + maximumTokens, Branches.ADAPTED);
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
        err.printf(
                Locale.ROOT,
                "generate  prompt %d tokens, %.1f tokens/s   text %d tokens, %.1f tokens/s   (%s)%n",
                report.promptTokens(),
                report.promptTokens() / report.promptSeconds(),
                report.tokens(),
                report.tokens() / report.seconds(),
                ending);
    }
}
