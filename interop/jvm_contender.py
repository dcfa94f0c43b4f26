"""What the benchmarks share: our side, which is a JVM with a built checkout's classes, and the corpus of both sides."""

import gzip
import json
import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
JARS = (
    "org/snakeyaml",
    "com/fasterxml/jackson/datatype/jackson-datatype-jdk8",
    "org/jspecify",
    "com/google/re2j",
    "org/jsoup",
    "ai/djl",
    "com/google/code/gson",
    "info/picocli",
    "net/java/dev/jna/jna",
)


class Jvm:
    """A benchmark of data-prep that does its work once for each line it is sent."""

    def __init__(self, benchmark, *arguments):
        options = (
            re.search(r"<spark.module.options>(.*?)</", (ROOT / "pom.xml").read_text(), re.DOTALL).group(1).split()
        )
        command = [java(), "-Xmx2g", *options, "-cp", class_path("data-prep", "pipeline")]
        command += [f"io.sparklora.dataprep.{benchmark}", *map(str, arguments)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.answer("ready")

    def answer(self, first=""):
        for line in self.process.stdout:
            if line.startswith(first):
                return line
        raise SystemExit(f"the JVM ended with {self.process.wait()}")

    def round(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        seconds, count = self.answer().split()
        return float(seconds), int(count)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def java():
    return str(Path(os.environ["JAVA_HOME"]) / "bin/java") if "JAVA_HOME" in os.environ else "java"


def class_path(*modules):
    """The modules' classes as Maven left them, Spark's jars, libtorch's, and a few from the local Maven repository."""
    repository = Path(os.environ.get("MAVEN_REPOSITORY", Path.home() / ".m2" / "repository"))
    entries = [ROOT / module / "target" / kind for module in modules for kind in ("test-classes", "classes")]
    for entry in entries:
        if not entry.is_dir():
            raise SystemExit(f"{entry} is not there: build first (mvn -q -Dquick -pl {modules[0]} -am test-compile)")
    entries += sorted((ROOT / "target/spark-home/jars").glob("*.jar"))
    entries += sorted((ROOT / "target/natives").glob("*.jar"))
    for part in JARS:
        entries += sorted((repository / part).rglob("*.jar"))
    return os.pathsep.join(str(entry) for entry in entries)


def texts_of(directory, copies):
    """Texts of a directory of the SPDX licence list's JSON files, or of text files (.txt, .rst, also with .gz) below it.

    Texts that are there twice are taken once, then all are laid end to end so many times.
    """
    licences = [json.loads(path.read_text()) for path in sorted(directory.glob("*.json"))]
    texts = [fields.get("licenseText") or fields["licenseExceptionText"] for fields in licences]
    for path in sorted(directory.rglob("*")):
        if path.name.removesuffix(".gz").endswith((".txt", ".rst")) and path.is_file():
            data = path.read_bytes()
            texts.append((gzip.decompress(data) if path.suffix == ".gz" else data).decode(errors="replace"))
    if not texts:
        raise SystemExit(f"no texts in {directory}")
    return list(dict.fromkeys(texts)) * copies
