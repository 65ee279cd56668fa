"""Review: how fast, and how large it grows."""

import subprocess

from measuring import texts
from measuring.bench import CORE, PSQL
from measuring.measure import MIB, Row, Sample, peak_and_maps, rounds, run

FOUND = (0, 1)  # findings are no failure here


def review(bench, *words, core=CORE):
    return run([bench.sluice, "review", "--format", "json", *words], good=FOUND, core=core)


def by_probe(bench, name, file):
    """Seconds of CPU that the probe's work takes once, without its start."""
    times = bench.size(10, 1)
    empty, full = (run([bench.probe(name), file, str(n)], core=CORE).cpu for n in (0, times))
    return max(full - empty, 1e-6) / times


def raw_parse(bench, file):
    return by_probe(bench, "raw_parse", file)


def postgres(bench):
    n = bench.size(10_000, 200)
    file = bench.place("review-postgres") / "V1__many.sql"
    file.write_text(texts.postgres_statements(n))
    ours, alone = rounds(bench.rounds, lambda: review(bench, "--engine", "postgres", file).cpu, lambda: raw_parse(bench, file))
    size = file.stat().st_size / 1e6
    return [Row(f"review of {n:,} PostgreSQL statements ({size:.1f} MB), one core, JSON", ours, alone, "libpg_query's raw parse alone", "s", 3.0)]


def text(bench, engine, note):
    n = bench.size(100_000, 500)
    folder = bench.place(f"review-{engine}")
    file = folder / "V1__many.sql"
    file.write_text(texts.plain_statements(n))
    size = file.stat().st_size / 1e6
    ours, alone = rounds(bench.rounds, lambda: size / review(bench, "--engine", engine, file).cpu, lambda: size / raw_parse(bench, file))
    what = f"review of {n:,} statements of {engine} ({size:.1f} MB, half DDL, half DML), one core, all rules"
    return [Row(what, ours, alone, "libpg_query's raw parse of the same text", "MB/s", 20.0, "least", note)]


def sqlite(bench):
    return text(bench, "sqlite", "")


def mysql(bench):
    return text(bench, "mysql", "split and lexed only: there is no grammar yet, so every statement is reported as not reviewed")


def schema(bench):
    n = bench.size(2_000, 50)
    folder = bench.place("review-schema")
    (folder / "before.sql").write_text(texts.tables(n))
    files = [folder / f"V{i}__one.sql" for i in range(1, 21)]
    for i, file in enumerate(files):
        file.write_text(f"ALTER TABLE t{i:05} ADD COLUMN extra text;\n")
    snapshot = folder / "before.json"
    database = bench.database()
    run([PSQL, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", folder / "before.sql", bench.conninfo(database)])
    with open(snapshot, "wb") as out:
        subprocess.run([bench.sluice, "snapshot", "--url", database.url, "--format", "json"], stdout=out, check=True)
    database.drop()
    words = ["--engine", "postgres", "--schema", snapshot]

    def one():
        return review(bench, *words, files[0]).cpu

    many, single = rounds(bench.rounds, lambda: review(bench, *words, *files).cpu, one)
    alone, read = rounds(bench.rounds, one, lambda: by_probe(bench, "snapshot", snapshot))
    return [
        Row(f"review of 20 one-statement files against {n:,} tables", many, single, "review of one of them", "s", 1.5),
        Row(f"review of one statement against {n:,} tables", alone, read, "reading the snapshot", "s", 3.0),
    ]


def memory(bench):
    folder = bench.place("review-memory")
    block = texts.postgres_statements(bench.size(10_000, 100))
    large, names, data = (folder / f"V1__{name}.sql" for name in ("large", "names", "data"))
    size = bench.size(200_000_000, 200_000)
    names.write_text(texts.postgres_statements(size // 129))
    with open(large, "w") as out:
        for _ in range(size // len(block)):
            out.write(block)
    with open(data, "w") as out:
        out.write("CREATE TABLE wide (id bigint PRIMARY KEY, note text);\n")
        for i in range(size // 1_880):
            out.write(f"INSERT INTO wide (id, note) VALUES {', '.join(f'({i * 40 + j:010}, {chr(39)}what is told of the row{chr(39)})' for j in range(45))};\n")
    line = folder / "V1__line.sql"
    with open(line, "w") as out:
        out.write("INSERT INTO wide (id, note) VALUES ")
        for i in range(bench.size(8_000_000, 80_000) // 40):
            out.write(f"({i:08}, 'what is told of the row'), ")
        out.write("(0, 'the last');\n")
    rows = []
    for what, file in (
        ("mixed statements", large),
        ("mixed statements, each table with a name of its own", names),
        ("data", data),
        ("one statement in one line", line),
    ):
        for engine in ("postgres", "sqlite"):
            peak, mapped = peak_and_maps([bench.sluice, "review", "--engine", engine, "--format", "json", file], file)
            size = file.stat().st_size / 1e6
            note = "the input was mapped, which it must not be" if mapped else "input not mapped"
            rows.append(
                Row(f"memory of review of {size:.0f} MB of {what}, {engine}", Sample([peak / MIB]), Sample([size * 1e6 / MIB]), "the file's size", "MiB", 0.0 if mapped else 256.0, "most", note)
            )
    return rows


ROWS = {
    "review-postgres": postgres,
    "review-sqlite": sqlite,
    "review-mysql": mysql,
    "review-schema": schema,
    "review-memory": memory,
}
