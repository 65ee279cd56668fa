"""A real node of a Galera cluster: it is worked on while it is part of one, refused while it is cut off, and goes on after."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import pytest
from harness.files import write
from harness.mariadb import Server
from harness.port import free_port
from harness.wait import wait_until

PROVIDER = "/usr/lib/galera/libgalera_smm.so"
NOBODY = "gcomm://127.0.0.1:1?pc.wait_prim=no"


class Node(Server):
    """The only one of its cluster."""

    def __init__(self, folder):
        listen = f"gmcast.listen_addr=tcp://127.0.0.1:{free_port()};gcache.size=8M"
        options = ["--wsrep-on=ON", f"--wsrep-provider={PROVIDER}", f"--wsrep-provider-options={listen}", "--wsrep-cluster-address=gcomm://"]
        super().__init__(folder, [*options, "--wsrep-node-address=127.0.0.1", "--binlog-format=ROW", "--innodb-autoinc-lock-mode=2"])

    def status(self) -> str:
        return self.script("SHOW GLOBAL STATUS LIKE 'wsrep_ready'").split()[1]

    def join(self, address, status):
        self.script(f"SET GLOBAL wsrep_cluster_address = '{address}'")
        wait_until(lambda: self.status() == status, 30, f"wsrep_ready {status}")

    def cut_off(self):
        """It looks for a cluster that does not answer: reads and writes are refused, as where the majority was lost."""
        self.join(NOBODY, "OFF")

    def come_back(self):
        self.join("gcomm://", "ON")


@pytest.fixture(scope="module")
def node():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-g-"))
    made = Node(folder)
    try:
        made.start()
        wait_until(lambda: made.status() == "ON", 30, "the node")
        made.script("CREATE USER guest@'%' IDENTIFIED BY ''; GRANT ALL ON *.* TO guest@'%'")
        yield made
    finally:
        made.kill()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def url(node):
    """Of an empty database."""
    node.script("DROP DATABASE IF EXISTS shop; CREATE DATABASE shop")
    return f"mysql://guest@127.0.0.1:{node.port}/shop"


FIRST = {"V1__a.sql": "CREATE TABLE a (n INT);\nINSERT INTO a VALUES (1);\n"}
MORE = {"V2__b.sql": "INSERT INTO a VALUES (2);\nCREATE TABLE b (n INT);\nINSERT INTO a VALUES (3);\nCREATE TABLE c (n INT);\n"}


def test_a_node_that_works_is_used_with_a_notice(sluice, node, url, folder):
    write(folder, FIRST)
    done = sluice.run("migrate", "--url", url, "--dir", folder)
    assert done.status == 0 and "a node of a Galera cluster" in done.err, done
    assert node.script("SELECT n FROM shop.a") == "1\n"


def test_a_node_that_is_cut_off_under_a_run_is_refused_and_has_everything_once_when_it_is_back(sluice, node, url, folder):
    """One test: a node alone is cut off by a cluster that does not answer, and that works once in its life."""
    write(folder, {**FIRST, **MORE})
    mark = folder.parent / "paused"
    env = {**os.environ, "SLUICE_TEST_PAUSE_AT": "after-commit:4", "SLUICE_TEST_PAUSE_FILE": str(mark)}
    process = subprocess.Popen([sluice.path, "migrate", "--url", url, "--dir", folder], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_until(mark.exists, 30, "a commit")
    node.cut_off()
    process.send_signal(signal.SIGCONT)
    _, err = process.communicate(timeout=60)
    assert process.returncode in (3, 6, 8, 9) and len([line for line in err.splitlines() if line.startswith("sluice: ")]) == 1, err
    refused = sluice.run("migrate", "--url", url, "--dir", folder)
    assert refused.status == 6 and "cut off from its cluster (wsrep_ready is OFF)" in refused.err, refused
    node.come_back()
    again = sluice.run("migrate", "--url", url, "--dir", folder)
    assert again.status == 0, (err, again)
    assert node.script("SELECT n FROM shop.a ORDER BY n") == "1\n2\n3\n"
    assert node.script("SELECT state, done, total FROM shop._sluice_migration ORDER BY seq") == "applied\t2\t2\napplied\t4\t4\n"
