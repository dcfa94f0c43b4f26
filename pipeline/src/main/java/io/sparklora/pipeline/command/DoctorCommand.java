package io.sparklora.pipeline.command;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.run.HadoopSettings;
import io.sparklora.pipeline.run.Storage;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Says what this host lacks to run a driver or an executor, and what to do about it. */
@Command(
        name = "doctor",
        description =
                "Looks at this host, without a configuration: Java, Spark, native libraries, processor, GPU, memory, "
                        + "disk, network, and storage if LOCATIONs are given. Exits with 2 where something is missing.")
final class DoctorCommand implements Callable<Integer> {
    private final Installation installation;
    private final Host host;

    @Parameters(
            arity = "0..*",
            paramLabel = "LOCATION",
            description =
                    "directories where runs or the registry are to lie; a small file is created there and deleted")
    private List<String> locations = List.of();

    @Option(
            names = "--conf",
            paramLabel = "KEY=VALUE",
            description = "a setting of Spark's that storage needs, such as spark.hadoop.fs.s3a.endpoint=...")
    private Map<String, String> conf = new TreeMap<>();

    @Spec
    private CommandSpec spec;

    DoctorCommand(Installation installation, Host host) {
        this.installation = installation;
        this.host = host;
    }

    @Override
    public Integer call() {
        refuseOtherSettings();
        PrintWriter out = spec.commandLine().getOut();
        int missing = 0;
        for (Examination.Finding finding : new Examination(installation, host).findings()) {
            missing += print(out, finding);
        }
        StorageExamination storage = new StorageExamination(new Storage(HadoopSettings.of(conf)));
        for (String location : locations) {
            missing += print(out, storage.of(location));
        }
        out.println(missing == 0 ? "this host has what it needs" : missing + " of these are missing");
        out.flush();
        return (missing == 0 ? ExitCode.DONE : ExitCode.USAGE).code();
    }

    /** Others than Hadoop's would change nothing here. */
    private void refuseOtherSettings() {
        conf.keySet().stream()
                .filter(key -> !key.startsWith(HadoopSettings.PREFIX))
                .findFirst()
                .ifPresent(key -> {
                    throw new StageFailure(
                            ExitCode.USAGE, "--conf must be " + HadoopSettings.PREFIX + "KEY=VALUE but named " + key);
                });
    }

    private static int print(PrintWriter out, Examination.Finding finding) {
        String word = finding.remedy().isEmpty() ? "ok" : "MISSING";
        out.println(String.format(Locale.ROOT, "%-8s%-12s%s", word, finding.topic(), finding.text()));
        finding.remedy().ifPresent(remedy -> out.println(" ".repeat(20) + "-> " + remedy));
        return finding.remedy().isEmpty() ? 0 : 1;
    }
}
