package io.sparklora.training.merge;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.run.StageMain;
import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.console.StandaloneCommand;
import io.sparklora.training.lora.PeftAdapter;
import io.sparklora.training.model.AdapterLocation;
import io.sparklora.training.model.AdaptersOfOneBase;
import io.sparklora.training.model.HostModel;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import org.apache.hadoop.fs.Path;

/** The command combine: adapters of one base model, each with a weight, put together into one. */
public final class CombineCommand {
    private final StandaloneCommand command;

    /**
     * @param out takes the help page
     * @param err takes what came of it, and errors, a line each
     */
    public CombineCommand(PrintStream out, PrintStream err) {
        command = new StandaloneCommand("combine", out, err);
    }

    /** Runs a command line and returns the process's exit status, see {@link ExitCode}. */
    public int run(String[] args) {
        return command.run(new CombineArguments(), args, this::combine);
    }

    private void combine(CombineArguments arguments) {
        WholeOutput output = new WholeOutput(arguments.output());
        output.check();
        WeightedSum sum = new WeightedSum(arguments.method(), arguments.rank());
        List<WeightedAdapter> weighted = arguments.adapters();
        Storage storage = StageMain.storage();
        AdaptersOfOneBase adapters = AdaptersOfOneBase.find(
                storage, weighted.stream().map(WeightedAdapter::adapter).toList());
        AdapterLocation described = adapters.described();
        HostModel host = HostModel.onProcessor(described.modelPath(arguments.base()), "", described.stored(), 1);
        try (BaseModel base = described.openBase(host)) {
            PeftAdapter combined = sum.of(
                    adapters.readAdapters(storage, base, "combine"),
                    weighted.stream().map(WeightedAdapter::weight).toList(),
                    base.shape());
            output.write(aside -> combined.write(storage, new Path(aside.toUri())));
            command.err()
                    .printf(
                            Locale.ROOT,
                            "combined  %d adapters into one of rank %d, %,d parameters   %s%n",
                            weighted.size(),
                            combined.config().shape().rank(),
                            combined.parameters().length,
                            output.target());
        }
    }
}
