"""The example of a Dask cluster: it starts as it stands, and talks to nobody without its certificate."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from distributed import Client
from distributed.security import Security

from workbook.chapters import ROOT

pytestmark = pytest.mark.slow

DASK = ROOT / "deploy" / "dask"


def tls(folder: Path, certificates: Path) -> Security:
    """What a client needs to talk to the cluster in `folder`, with certificates of its own."""
    return Security(
        tls_ca_file=str(folder / "certificates" / "authority.pem"),
        tls_client_cert=str(certificates / "node.pem"),
        tls_client_key=str(certificates / "node.key"),
        require_encryption=True,
    )


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process that this test started, and wait for it."""
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[str]:
    """A scheduler and a worker, started with the scripts in a folder of certificates."""
    subprocess.run([DASK / "certificates.sh"], cwd=tmp_path, check=True, capture_output=True)
    told = tmp_path / "scheduler.json"
    options = ["--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(told)]
    node = [str(DASK / "node.sh")]
    with (tmp_path / "log.txt").open("wb") as log:
        scheduler = subprocess.Popen(
            [*node, "scheduler", *options], cwd=tmp_path, stdout=log, stderr=log
        )
        try:
            while not told.exists():
                assert scheduler.poll() is None, (tmp_path / "log.txt").read_text("utf-8")
                time.sleep(0.1)
            address = yaml.safe_load(told.read_text("utf-8"))["address"]
            worker = subprocess.Popen(
                [*node, "worker", address],
                cwd=tmp_path,
                stdout=log,
                stderr=log,
                env=os.environ | {"NODE_WORKERS": "1"},
            )
            try:
                yield address
            finally:
                stop(worker)
        finally:
            stop(scheduler)


def test_the_cluster_works_with_its_certificate_and_no_other(cluster: str, tmp_path: Path) -> None:
    """Who holds the certificate can hand out work; a stranger with another is turned away."""
    assert cluster.startswith("tls://")
    ours = tls(tmp_path, tmp_path / "certificates")
    with Client(cluster, security=ours, timeout=60, set_as_default=False) as client:
        client.wait_for_workers(1, timeout=60)
        assert client.submit(sum, [1, 2]).result(timeout=60) == 3
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    subprocess.run([DASK / "certificates.sh"], cwd=stranger, check=True, capture_output=True)
    theirs = tls(tmp_path, stranger / "certificates")
    with pytest.raises(OSError, match=r"SSL|Timed out"):
        Client(cluster, security=theirs, timeout=10, set_as_default=False)


def test_certificates_are_made_once(tmp_path: Path) -> None:
    """Keys are readable by their owner alone, and a second run replaces none of them."""
    made = subprocess.run([DASK / "certificates.sh"], cwd=tmp_path, check=False)
    assert made.returncode == 0
    keys = sorted((tmp_path / "certificates").glob("*.key"))
    assert [one.name for one in keys] == ["authority.key", "node.key"]
    assert {one.stat().st_mode & 0o077 for one in keys} == {0}
    before = [one.read_bytes() for one in keys]
    again = subprocess.run([DASK / "certificates.sh"], cwd=tmp_path, check=False)
    assert again.returncode == 1
    assert [one.read_bytes() for one in keys] == before
