import io.sparklora.pipeline.basemodel.TinyModels;
import java.nio.file.Path;

/** Writes the tiny base model that the Java tests use: {@code java TinyModel.java DIRECTORY}. */
class TinyModel {
    public static void main(String[] args) {
        TinyModels.huggingFaceDirectory(Path.of(args[0]), 17);
    }
}
