package io.sparklora.training.model;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Packs TorchScript sources and the root module's attributes into the archive that PyTorch's loader reads: a ZIP of
 * stored entries whose {@code data.pkl} is the module as a pickle of protocol 2 (PyTorch,
 * {@code torch/csrc/jit/serialization/unpickler.cpp}). The same sources and attributes give the same bytes. Not for use
 * by several threads.
 */
final class ScriptArchive {
    private static final String ROOT = "program/";
    private static final int FALSE = 0x89;

    private final Map<String, byte[]> entries = new LinkedHashMap<>();
    private final ByteArrayOutputStream attributes = new ByteArrayOutputStream();

    ScriptArchive() {
        text("training");
        attributes.write(FALSE);
    }

    /**
     * Adds a source file.
     *
     * @param module its dotted name below {@code __torch__}, empty for the file that holds the root module's class M
     */
    ScriptArchive source(String module, Class<?> owner, String resource) {
        String name = module.isEmpty() ? "__torch__" : "__torch__/" + module.replace('.', '/');
        entries.put("code/" + name + ".py", bytes(owner, resource));
        return this;
    }

    private static byte[] bytes(Class<?> owner, String resource) {
        try (InputStream in = owner.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IllegalStateException("no resource " + resource + " beside " + owner.getName());
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Sets an attribute of type int. */
    ScriptArchive attribute(String name, int value) {
        text(name);
        integer(value);
        return this;
    }

    /** Sets an attribute of type float. */
    ScriptArchive attribute(String name, double value) {
        text(name);
        attributes.write('G');
        attributes.writeBytes(ByteBuffer.allocate(8).putDouble(value).array());
        return this;
    }

    /** Sets an attribute of type str. */
    ScriptArchive attribute(String name, String value) {
        text(name);
        text(value);
        return this;
    }

    /** Sets an attribute of type List[int]. */
    ScriptArchive attribute(String name, List<Integer> values) {
        text(name);
        ascii("ctorch.jit._pickle\nbuild_intlist\n](");
        values.forEach(this::integer);
        ascii("e");
        attributes.write(0x85);
        ascii("R");
        return this;
    }

    /** Sets an attribute that is a list, empty, of a type as TorchScript spells it, such as {@code Tensor}. */
    ScriptArchive emptyList(String name, String elementType) {
        text(name);
        ascii("ctorch.jit._pickle\nrestore_type_tag\n(]");
        text("List[" + elementType + "]");
        ascii("tR");
        return this;
    }

    private void integer(int value) {
        attributes.write('J');
        attributes.writeBytes(littleEndian(value));
    }

    private void text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        attributes.write('X');
        attributes.writeBytes(littleEndian(bytes.length));
        attributes.writeBytes(bytes);
    }

    private void ascii(String opcodes) {
        attributes.writeBytes(opcodes.getBytes(StandardCharsets.US_ASCII));
    }

    private static byte[] littleEndian(int value) {
        return ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(value)
                .array();
    }

    /** The archive's bytes. */
    byte[] pack() {
        Map<String, byte[]> all = new LinkedHashMap<>();
        all.put("data.pkl", pickle());
        all.putAll(entries);
        all.put("constants.pkl", new byte[] {(byte) 0x80, 2, ')', '.'});
        all.put("version", "3\n".getBytes(StandardCharsets.US_ASCII));
        all.put("byteorder", "little".getBytes(StandardCharsets.US_ASCII));
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            for (Map.Entry<String, byte[]> entry : all.entrySet()) {
                store(zip, entry.getKey(), entry.getValue());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private byte[] pickle() {
        ByteArrayOutputStream pickle = new ByteArrayOutputStream();
        pickle.writeBytes(new byte[] {(byte) 0x80, 2});
        pickle.writeBytes("c__torch__\nM\n)".getBytes(StandardCharsets.US_ASCII));
        pickle.write(0x81);
        pickle.writeBytes("}(".getBytes(StandardCharsets.US_ASCII));
        pickle.writeBytes(attributes.toByteArray());
        pickle.writeBytes("ub.".getBytes(StandardCharsets.US_ASCII));
        return pickle.toByteArray();
    }

    private static void store(ZipOutputStream zip, String name, byte[] content) throws IOException {
        ZipEntry entry = new ZipEntry(ROOT + name);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(content.length);
        entry.setTime(0);
        CRC32 crc = new CRC32();
        crc.update(content);
        entry.setCrc(crc.getValue());
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }
}
