"""Collecting notebooks from the homes of a class: with the learner's rights, and through no link."""

import grp
import os
import pwd
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

import pytest

from workbook.chapters import ROOT


@pytest.fixture
def collect() -> ModuleType:
    """The script as a module."""
    spec = spec_from_file_location("collect", ROOT / "deploy" / "jupyterhub" / "collect.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def user(name: str, home: Path, uid: int | None = None) -> pwd.struct_passwd:
    """An account whose home is a folder of the test."""
    uid = os.geteuid() if uid is None else uid
    return pwd.struct_passwd((name, "x", uid, 65534 if uid else 0, "", str(home), "/bin/sh"))


@pytest.fixture
def homes(tmp_path: Path) -> dict[str, Path]:
    """Three homes: one with a notebook, one without, one with a link in its place."""
    found = {name: tmp_path / "home" / name for name in ("ada", "eve", "kim")}
    for home in found.values():
        (home / "fastapi").mkdir(parents=True)
    (found["ada"] / "fastapi" / "02.ipynb").write_text("{}", encoding="utf-8")
    secret = tmp_path / "secret"
    secret.write_text("a neighbour's", encoding="utf-8")
    (found["kim"] / "fastapi" / "02.ipynb").symlink_to(secret)
    return found


def test_every_learner_gets_a_folder(
    collect: ModuleType,
    homes: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What is there is copied; who has nothing, or a link, has an empty folder and is named."""
    accounts = [user(name, home) for name, home in homes.items()]
    members = grp.struct_group(("learners", "x", 99999, ["ada", "eve", "kim"]))
    monkeypatch.setattr(collect, "getgrnam", lambda _: members)
    monkeypatch.setattr(pwd, "getpwall", lambda: accounts)
    assert collect.main(["02.ipynb", str(tmp_path / "in")]) == 1
    assert sorted(
        str(one.relative_to(tmp_path / "in")) for one in (tmp_path / "in").rglob("*")
    ) == [
        "ada",
        "ada/02.ipynb",
        "eve",
        "kim",
    ]
    said = capsys.readouterr()
    assert said.out == f"1 collected into {tmp_path / 'in'}, 2 without a file\n"
    assert said.err.splitlines() == [
        "eve: No such file or directory",
        "kim: Too many levels of symbolic links",
    ]


def test_a_linked_folder_is_not_followed(
    collect: ModuleType, homes: dict[str, Path], tmp_path: Path
) -> None:
    """A link in place of the folder is refused like one in place of the file."""
    (tmp_path / "home" / "lee").mkdir()
    (tmp_path / "home" / "lee" / "fastapi").symlink_to(homes["ada"] / "fastapi")
    with pytest.raises(OSError, match=r"Not a directory|symbolic links"):
        collect.read_as(user("lee", tmp_path / "home" / "lee"), "fastapi", "02.ipynb")


def test_a_pipe_does_not_hold_the_collection_up(
    collect: ModuleType, homes: dict[str, Path]
) -> None:
    """Opening what is no ordinary file neither waits nor reads."""
    os.mkfifo(homes["eve"] / "fastapi" / "02.ipynb")
    with pytest.raises(OSError, match="no ordinary file"):
        collect.read_as(user("eve", homes["eve"]), "fastapi", "02.ipynb")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act for somebody else")
def test_rights_are_those_of_the_learner(collect: ModuleType) -> None:
    """Root reads a learner's home as that learner, and is root again afterwards."""
    # Not the test's own folder: nobody but its owner gets into that.
    with TemporaryDirectory() as made:
        home = Path(made)
        home.chmod(0o755)
        path = home / "02.ipynb"
        path.write_text("{}", encoding="utf-8")
        nobody = user("nobody", home, 65534)
        path.chmod(0o600)
        with pytest.raises(PermissionError):
            collect.read_as(nobody, "02.ipynb")
        assert os.geteuid() == 0
        path.chmod(0o644)
        assert collect.read_as(nobody, "02.ipynb") == b"{}"


@pytest.mark.parametrize("arguments", [["../02.ipynb", "in"], ["02.ipynb", "in", "--folder", "/x"]])
def test_paths_are_refused(collect: ModuleType, arguments: list[str]) -> None:
    """Only names are taken: a path would lead out of the learner's folder."""
    with pytest.raises(SystemExit):
        collect.main(arguments)


def test_an_unknown_group(collect: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """A group that does not exist is named, with the option to name another."""
    with pytest.raises(SystemExit):
        collect.main(["02.ipynb", "in", "--group", "no-such-group"])
    assert "name yours with --group" in capsys.readouterr().err
