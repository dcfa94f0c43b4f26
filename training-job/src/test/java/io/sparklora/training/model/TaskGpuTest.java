package io.sparklora.training.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.adapter.Arithmetic;
import io.sparklora.pipeline.adapter.ComputeType;
import io.sparklora.pipeline.adapter.DeviceType;
import io.sparklora.pipeline.config.BaseConfig;
import io.sparklora.pipeline.config.BaseConfig.Compute;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.spark.SparkConf;
import org.apache.spark.resource.ResourceInformation;
import org.junit.jupiter.api.Test;

final class TaskGpuTest {
    private static final TaskGpu THIRD = new TaskGpu(OptionalInt.of(3), false);
    private static final TaskGpu OF_LOCAL_MODE = new TaskGpu(OptionalInt.empty(), true);

    private static HostModel host(WeightType stored, BaseConfig.Device device) {
        return new HostModel("base", "", stored, Compute.AUTO, device, 1);
    }

    private static Placement place(BaseConfig.Device device, TaskGpu gpu) {
        return host(WeightType.BF16, device).placement(gpu);
    }

    @Test
    void isWhereSparkSays() {
        assertThat(TaskGpu.of(Optional.of(new ResourceInformation("gpu", new String[] {"3"})), false))
                .isEqualTo(THIRD);
        assertThat(TaskGpu.of(Optional.empty(), true)).isEqualTo(OF_LOCAL_MODE);
        assertThat(TaskGpu.of(Optional.empty(), false)).isEqualTo(TaskGpu.NONE);
    }

    @Test
    void refusesAnAddressThatIsNoIndex() {
        ResourceInformation gpu = new ResourceInformation("gpu", new String[] {"GPU-8a1b"});
        assertThatThrownBy(() -> TaskGpu.of(Optional.of(gpu), false))
                .hasMessage(
                        "Spark gave a task the GPU 'GPU-8a1b', but training takes indices such as 0: let the resource's"
                                + " discovery script print them")
                .extracting(e -> ((StageFailure) e).exitCode())
                .isEqualTo(ExitCode.USAGE);
    }

    @Test
    void isUsedUnlessTheConfigurationSaysOtherwise() {
        assertThat(place(BaseConfig.Device.AUTO, THIRD)).isEqualTo(new Placement(Device.gpu(3), ComputeType.BF16, 1));
        assertThat(place(BaseConfig.Device.GPU, THIRD).device()).isEqualTo(Device.gpu(3));
        assertThat(place(BaseConfig.Device.CPU, THIRD).device()).isEqualTo(Device.cpu());
        assertThat(place(BaseConfig.Device.AUTO, TaskGpu.NONE).device()).isEqualTo(Device.cpu());
        assertThat(host(WeightType.FP32, BaseConfig.Device.AUTO)
                        .placement(THIRD)
                        .compute())
                .isEqualTo(ComputeType.FP32);
    }

    @Test
    void isTheFirstInLocalModeWhereOneIsAskedFor() {
        assertThat(place(BaseConfig.Device.GPU, OF_LOCAL_MODE).device()).isEqualTo(Device.gpu(0));
        assertThat(place(BaseConfig.Device.AUTO, OF_LOCAL_MODE).device()).isEqualTo(Device.cpu());
    }

    @Test
    void refusesATaskThatNeedsOneAndHasNone() {
        assertThatThrownBy(() -> place(BaseConfig.Device.GPU, TaskGpu.NONE))
                .hasMessageContaining("base.device")
                .hasMessageContaining("set spark.executor.resource.gpu.amount to 1")
                .extracting(e -> ((StageFailure) e).exitCode())
                .isEqualTo(ExitCode.USAGE);
    }

    @Test
    void keepsToWhatTheRunBeganWith() {
        HostModel host = host(WeightType.BF16, BaseConfig.Device.AUTO);
        Arithmetic onCpu = new Arithmetic(DeviceType.CPU, ComputeType.FP32);
        assertThat(host.computing(onCpu).placement(THIRD)).isEqualTo(new Placement(Device.cpu(), ComputeType.FP32, 1));
        HostModel onGpu = host.computing(new Arithmetic(DeviceType.GPU, ComputeType.BF16));
        assertThatThrownBy(() -> onGpu.placement(TaskGpu.NONE)).hasMessageContaining("what the run began with");
    }

    @Test
    void isAskedForWhereExecutorsHaveSome() {
        SparkConf none = new SparkConf(false);
        assertThat(TaskGpu.request(none, BaseConfig.Device.GPU).contains("spark.task.resource.gpu.amount"))
                .isFalse();
        SparkConf one = new SparkConf(false).set("spark.executor.resource.gpu.amount", "1");
        assertThat(TaskGpu.request(one, BaseConfig.Device.CPU).contains("spark.task.resource.gpu.amount"))
                .isFalse();
        assertThat(TaskGpu.request(one, BaseConfig.Device.AUTO).get("spark.task.resource.gpu.amount"))
                .isEqualTo("1");
    }
}
