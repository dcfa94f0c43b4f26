package io.sparklora.dataprep.privacy;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Private keys between their PEM boundaries (RFC 7468; OpenSSH and OpenPGP use the same form, SSH2 four dashes). A key
 * whose end is missing goes as far as its lines of base64 do.
 */
final class PrivateKeys implements Detector {
    private static final Pattern BEGIN =
            Pattern.compile("-----?[ ]?BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?[ ]?-----?");
    private static final Pattern END = Pattern.compile("-----?[ ]?END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?[ ]?-----?");
    private static final Pattern LINE = Pattern.compile("[ \n]?[0-9A-Za-z+/=]{16,}+");

    /** Four times the PEM form of a key of 16,384 bits. */
    private static final int LONGEST = 50_000;

    @Override
    public String gate() {
        return "BEGIN [A-Z0-9 ]*PRIVATE KEY";
    }

    @Override
    public List<Span> find(String text) {
        List<Span> found = new ArrayList<>();
        Matcher begin = BEGIN.matcher(text);
        Matcher end = END.matcher(text);
        boolean hasEnd = end.find();
        int from = 0;
        while (begin.find(from)) {
            while (hasEnd && end.start() < begin.end()) {
                hasEnd = end.find();
            }
            boolean closes = hasEnd && end.end() - begin.start() <= LONGEST;
            from = closes ? end.end() : endOfBase64(text, begin.end());
            found.add(new Span(begin.start(), from));
        }
        return found;
    }

    private static int endOfBase64(String text, int from) {
        Matcher line = LINE.matcher(text);
        int end = from;
        while (line.region(end, text.length()).lookingAt()) {
            end = line.end();
        }
        return end;
    }
}
