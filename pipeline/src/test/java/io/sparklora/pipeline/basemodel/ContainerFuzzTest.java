package io.sparklora.pipeline.basemodel;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

/**
 * Files that someone else made, by Jazzer: the inputs beside this class always, new ones with {@code JAZZER_FUZZ=1}
 * ({@code bin/fuzz}).
 */
class ContainerFuzzTest {
    @FuzzTest(maxDuration = "20s")
    void readsOrRefusesAnySafetensorsFile(byte[] bytes) {
        try (SafetensorsFile file = SafetensorsFile.parse(bytes, "any.safetensors")) {
            for (SafetensorsTensor tensor : file.tensors()) {
                assertThat(tensor.byteLength()).isLessThanOrEqualTo(bytes.length);
                if (tensor.type().weightType().isPresent()) {
                    assertThat(file.floats(tensor.name())).hasSize((int) tensor.elements());
                }
            }
        } catch (InvalidBaseModelException e) {
            assertThat(e.getMessage()).startsWith("any.safetensors: ");
        }
    }

    @FuzzTest(maxDuration = "20s")
    void readsOrRefusesAnyGgufFile(byte[] bytes) {
        try {
            HostileGgufTest.use(bytes);
        } catch (InvalidBaseModelException e) {
            assertThat(e.getMessage()).startsWith("tiny.gguf: ");
        }
    }
}
