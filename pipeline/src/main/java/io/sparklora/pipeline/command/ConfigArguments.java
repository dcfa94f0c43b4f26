package io.sparklora.pipeline.command;

import io.sparklora.pipeline.config.ConfigFile;
import io.sparklora.pipeline.run.StageMain;
import java.util.List;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The arguments that name a configuration. */
final class ConfigArguments {
    @Parameters(
            paramLabel = "CONFIG.yaml",
            description =
                    "The run's configuration (docs/configuration.md): a path, or a URI that Hadoop's FileSystem opens.")
    private String location;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "Overrides one key of the configuration, such as train.tokens=100000; may be given again.")
    private List<String> overrides = List.of();

    String location() {
        return location;
    }

    List<String> overrides() {
        return List.copyOf(overrides);
    }

    /** The checked configuration with what follows from it. */
    StageMain.Context context() {
        return StageMain.context(location, overrides);
    }

    /** Every setting with its value, one a line. */
    List<String> settings() {
        return ConfigFile.load(StageMain.storage(), location, overrides).settings();
    }

    /** @throws io.sparklora.pipeline.StageFailure where a driver on another host would not find what it is told of */
    Submissions submissions(Installation installation, StageMain.Context context) {
        RemoteDriver.requireReachable(context.config(), location);
        return new Submissions(installation, context.config(), location, overrides);
    }
}
