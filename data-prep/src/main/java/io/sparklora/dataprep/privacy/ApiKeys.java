package io.sparklora.dataprep.privacy;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;

/** Credentials of services that publish what theirs look like; each names where. */
enum ApiKeys {
    /** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html: unique ids. */
    AWS_ACCESS_KEY_ID("A[KS]IA", "A[KS]IA[A-Z2-7]{16}"),
    /** https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html: 40 characters, beside its name. */
    AWS_SECRET_ACCESS_KEY(
            "[Ss][Ee][Cc][Rr][Ee][Tt]_?[Aa][Cc][Cc][Ee][Ss][Ss]_?[Kk][Ee][Yy]",
            "(?i:(?:aws_)?secret_?access_?key)[\"']?[ ]{0,4}[:=][ ]{0,4}[\"']?[A-Za-z0-9/+]{40}") {
        private static final int LENGTH = 40;

        @Override
        Optional<Span> value(String candidate) {
            return Optional.of(new Span(candidate.length() - LENGTH, candidate.length()));
        }
    },
    /** https://github.blog/changelog/2021-03-31-authentication-token-format-updates-are-generally-available. */
    GITHUB("gh[pousr]_", "gh[pousr]_[A-Za-z0-9_]{36,251}+"),
    /** https://github.blog/changelog/2022-10-18-introducing-fine-grained-personal-access-tokens. */
    GITHUB_FINE_GRAINED("github_pat_", "github_pat_[A-Za-z0-9_]{36,244}+"),
    /** https://docs.gitlab.com/security/tokens/#token-prefixes. */
    GITLAB("gl[a-z]{2,6}-", "gl(?:pat|oas|dt|rt|cbt|ptt|ft|imt|agent|wt|soat|ffct)-[A-Za-z0-9_.-]{20,300}+"),
    /** https://docs.slack.dev/authentication/tokens. */
    SLACK("x(ox[a-z]|app)", "(?:xox[abeoprs](?:\\.xox[bp])?|xapp)-[A-Za-z0-9-]{10,250}+"),
    /** https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks. */
    SLACK_WEBHOOK("hooks.slack.com/", "hooks\\.slack\\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_-]{20,200}+"),
    /** https://docs.stripe.com/keys and https://docs.stripe.com/webhooks. */
    STRIPE("(k_(live|test)|whsec)_", "(?:[sr]k_(?:live|test)|whsec)_[A-Za-z0-9]{16,250}+"),
    /** https://cloud.google.com/docs/authentication/api-keys. */
    GOOGLE("AIza", "AIza[A-Za-z0-9_-]{35}"),
    /** https://support.google.com/cloud/answer/15549257: client secrets. */
    GOOGLE_CLIENT_SECRET("GOCSPX-", "GOCSPX-[A-Za-z0-9_-]{28}"),
    /** https://platform.openai.com/docs/api-reference/authentication, https://docs.anthropic.com/en/api/overview. */
    LANGUAGE_MODEL("sk-", "sk-(?:[a-z0-9]{2,12}-){0,3}[A-Za-z0-9_-]{32,250}+"),
    /** https://huggingface.co/docs/hub/security-tokens. */
    HUGGING_FACE("hf_", "hf_[A-Za-z0-9]{34,64}+"),
    /** https://github.blog/2021-09-23-announcing-npms-new-access-token-format. */
    NPM("npm_", "npm_[A-Za-z0-9]{36}"),
    /** PyPI's help on API tokens: a macaroon (about 180 characters) behind a prefix. */
    PYPI("pypi-", "pypi-[A-Za-z0-9_-]{50,1000}+"),
    /** https://www.twilio.com/docs/sendgrid/ui/account-and-settings/api-keys: 69 characters. */
    SENDGRID("SG\\.", "SG\\.[A-Za-z0-9_-]{22}\\.[A-Za-z0-9_-]{43}"),
    /** https://www.twilio.com/docs/glossary/what-is-a-sid. */
    TWILIO("SK[0-9a-f]", "SK[0-9a-f]{32}"),
    /** https://docs.digitalocean.com/reference/api/create-personal-access-token. */
    DIGITALOCEAN("do[por]_v1_", "do[por]_v1_[0-9a-f]{64}"),
    /** https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens. */
    SHOPIFY("shp[a-z]+_", "shp(?:at|ca|pa|ss|tka|ua)_[0-9A-Fa-f]{32}"),
    /** https://docs.databricks.com/aws/en/dev-tools/auth/pat. */
    DATABRICKS("dapi[0-9a-f]", "dapi[0-9a-f]{32}(?:-[0-9])?"),
    /** https://developers.cloudflare.com/fundamentals/api/get-started/token-formats. */
    CLOUDFLARE("cf(k|ut|at)_", "cf(?:k|ut|at)_[A-Za-z0-9_-]{40,60}+"),
    /** https://core.telegram.org/bots/api#authorizing-your-bot. */
    TELEGRAM("[0-9]:[A-Za-z0-9_-]{35}", "[0-9]{8,10}:[A-Za-z0-9_-]{35}"),
    /** https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string. */
    AZURE_STORAGE("AccountKey=", "AccountKey=[A-Za-z0-9+/]{86}==") {
        @Override
        Optional<Span> value(String candidate) {
            return Optional.of(new Span("AccountKey=".length(), candidate.length()));
        }
    },
    /** RFC 7519 and RFC 7515: a header that names its algorithm, a payload and a signature. */
    JSON_WEB_TOKEN("eyJ", "eyJ[A-Za-z0-9_-]{10,2000}+\\.eyJ[A-Za-z0-9_-]{4,8000}+\\.[A-Za-z0-9_-]{10,1400}+") {
        @Override
        Optional<Span> value(String candidate) {
            String header = candidate.substring(0, candidate.indexOf('.'));
            return super.value(candidate).filter(span -> namesAlgorithm(header));
        }

        private static boolean namesAlgorithm(String base64) {
            try {
                byte[] json = Base64.getUrlDecoder().decode(base64);
                return new String(json, StandardCharsets.UTF_8).contains("\"alg\"");
            } catch (IllegalArgumentException e) {
                return false;
            }
        }
    };

    private final String gate;
    private final Pattern candidates;

    ApiKeys(String gate, String pattern) {
        this.gate = gate;
        this.candidates = Pattern.compile("(?<![A-Za-z0-9_-])(?:" + pattern + ")(?![A-Za-z0-9_])");
    }

    static List<Detector> detectors() {
        return Arrays.stream(values()).map(ApiKeys::detector).toList();
    }

    /** The secret itself in what the pattern took. */
    Optional<Span> value(String candidate) {
        return Optional.of(new Span(0, candidate.length()));
    }

    private Detector detector() {
        Function<String, Optional<Span>> check = this::value;
        return new PatternDetector(gate, candidates, check);
    }
}
