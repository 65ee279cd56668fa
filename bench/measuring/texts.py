"""SQL to measure with: made up, the same in every run."""

import pathlib


def postgres_statements(n) -> str:
    """A mix of what migrations hold, about 120 bytes a statement."""
    lines = []
    for i in range(n):
        t = f"shop_{i // 10:05}"
        lines.append(
            (
                f"CREATE TABLE {t} (id bigint PRIMARY KEY, customer_id bigint NOT NULL, note text, made_at timestamptz NOT NULL DEFAULT now());",
                f"CREATE TABLE {t}_line (id bigint PRIMARY KEY, parent_id bigint NOT NULL REFERENCES {t} (id), price numeric(12,2));",
                f"CREATE INDEX {t}_customer_idx ON {t} (customer_id, made_at DESC) WHERE note IS NOT NULL AND customer_id > {i};",
                f"ALTER TABLE {t} ADD COLUMN state text NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'paid', 'sent', 'void'));",
                f"INSERT INTO {t} (id, customer_id, note) VALUES ({i}, {i % 97}, 'the first one'), ({i + 1}, {i % 89}, 'and another');",
                f"UPDATE {t} SET state = 'paid', note = coalesce(note, '') || ' paid' WHERE id = {i} AND customer_id BETWEEN 1 AND 99;",
                f"COMMENT ON TABLE {t} IS 'Orders of the shop, a row for each; what was delivered is in another table ({i})';",
                f"ALTER TABLE {t}_line ADD COLUMN amount integer NOT NULL DEFAULT 1, ADD CONSTRAINT {t}_line_amount_check CHECK (amount > 0);",
                f"DELETE FROM {t}_line WHERE parent_id IN (SELECT id FROM {t} WHERE state = 'void' AND made_at < now() - interval '1 year');",
                f"CREATE VIEW {t}_open AS SELECT o.id, count(*) AS lines FROM {t} o JOIN {t}_line l ON l.parent_id = o.id GROUP BY o.id;",
            )[i % 10]
        )
    return "\n".join(lines) + "\n"


def plain_statements(n) -> str:
    """DDL and DML that SQLite and MySQL take alike, half and half, 120 bytes a statement in the middle."""
    lines = []
    for i in range(n):
        t = f"shop_{i // 6:06}"
        lines.append(
            (
                f"CREATE TABLE {t} (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, note VARCHAR(200), price DECIMAL(12,2));",
                f"INSERT INTO {t} (id, customer_id, note, price) VALUES ({i}, {i % 97}, 'the first one of many others', 12.50);",
                f"CREATE INDEX {t}_customer_idx ON {t} (customer_id, price); -- looked for by customer, then by price, every day",
                f"UPDATE {t} SET note = 'paid and sent', price = price * 1.05 WHERE id = {i} AND customer_id BETWEEN 1 AND 99 OR price > 7;",
                f"ALTER TABLE {t} ADD COLUMN state_of_delivery VARCHAR(20) NOT NULL DEFAULT 'new and not yet looked at by anybody';",
                f"DELETE FROM {t} WHERE customer_id = {i % 89} AND note = 'void, since nobody ever paid it' AND price < 1000.00 AND id > 0;",
            )[i % 6]
        )
    return "\n".join(lines) + "\n"


def tables(n, columns=8) -> str:
    """A schema of n tables, each with a key, an index and, but for the first, a foreign key."""
    lines = []
    for i in range(n):
        more = ", ".join(f"c{j} {('text', 'integer NOT NULL DEFAULT 0', 'timestamptz', 'numeric(12,2)')[j % 4]}" for j in range(columns))
        lines.append(f"CREATE TABLE t{i:05} (id bigint PRIMARY KEY, {more});")
        lines.append(f"CREATE INDEX t{i:05}_c1_idx ON t{i:05} (c1, c2);")
        if i:
            lines.append(f"ALTER TABLE t{i:05} ADD COLUMN parent_id bigint REFERENCES t{i - 1:05} (id);")
    return "\n".join(lines) + "\n"


def migrations(folder: pathlib.Path, n) -> str:
    """n files of four or five statements; returns them as one script, a transaction each."""
    folder.mkdir(parents=True)
    whole = []
    for i in range(1, n + 1):
        text = (
            f"CREATE TABLE item_{i} (id INTEGER PRIMARY KEY, name VARCHAR(100) NOT NULL, price DECIMAL(12,2));\n"
            f"CREATE INDEX item_{i}_name_idx ON item_{i} (name);\n"
            f"ALTER TABLE item_{i} ADD COLUMN note VARCHAR(200);\n"
            f"INSERT INTO item_{i} (id, name, price) VALUES (1, 'first', 1.50);\n"
        )
        if i % 2:
            text += f"INSERT INTO item_{i} (id, name, price, note) VALUES (2, 'second', 2.50, 'and the last');\n"
        (folder / f"V{i}__item_{i}.sql").write_text(text)
        whole.append(f"BEGIN;\n{text}COMMIT;\n")
    return "".join(whole)
